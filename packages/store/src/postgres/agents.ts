import type { AgentSpec, Page, StoredAgent } from '@mcp-fleet/core';
import { decodeAgent, encode } from '../record-codec.ts';
import type { Database } from './database.ts';

interface AgentRow {
  name: string;
  version: number;
  spec: string;
  created_at: Date;
}

const toAgent = (row: AgentRow): StoredAgent => ({ spec: decodeAgent(row.spec), createdAt: row.created_at });

const insertAgent = `
  INSERT INTO fleet.agents (tenant, name, version, spec) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING RETURNING *`;

/** Of two that save at once, one gets the next version and the other the one after. */
export async function saveAgent(database: Database, tenant: string, spec: AgentSpec): Promise<StoredAgent> {
  for (;;) {
    const version = ((await agent(database, tenant, spec.name, null))?.spec.version ?? 0) + 1;
    const values = [tenant, spec.name, version, encode({ ...spec, version })];
    const [row] = await database.flushed<AgentRow>('save_agent', insertAgent, values);
    if (row) return toAgent(row);
  }
}

const newest = `
  SELECT * FROM fleet.agents WHERE tenant = $1 AND name = $2 AND ($3::int IS NULL OR version = $3)
  ORDER BY version DESC LIMIT 1`;

export async function agent(
  database: Database,
  tenant: string,
  name: string,
  version: number | null,
): Promise<StoredAgent | null> {
  const [row] = await database.lazy<AgentRow>('agent', newest, [tenant, name, version]);
  return row ? toAgent(row) : null;
}

const listAgents = `
  SELECT * FROM (
    SELECT DISTINCT ON (name) * FROM fleet.agents
    WHERE tenant = $1 AND ($2::text IS NULL OR name > $2) ORDER BY name, version DESC
  ) newest LIMIT $3`;

export async function agents(database: Database, tenant: string, page: Page): Promise<StoredAgent[]> {
  const rows = await database.lazy<AgentRow>('agents', listAgents, [tenant, page.after ?? null, page.limit]);
  return rows.map(toAgent);
}

export async function deleteAgent(database: Database, tenant: string, name: string): Promise<boolean> {
  const text = 'DELETE FROM fleet.agents WHERE tenant = $1 AND name = $2 RETURNING 1';
  return (await database.flushed('delete_agent', text, [tenant, name])).length > 0;
}
