import type { AgentSpec, Page, StoredAgent } from '@mcp-fleet/core';
import { decodeAgent, encode } from '../record-codec.ts';
import { type Database, flushed, isDuplicate } from './database.ts';
import type { AgentDoc } from './documents.ts';

const toAgent = (doc: AgentDoc): StoredAgent => ({ spec: decodeAgent(doc.spec), createdAt: doc.created_at });

/** Of two that save at once, one gets the next version and the other the one after. */
export async function saveAgent(database: Database, tenant: string, spec: AgentSpec): Promise<StoredAgent> {
  for (;;) {
    const version = ((await agent(database, tenant, spec.name, null))?.spec.version ?? 0) + 1;
    const doc: AgentDoc = {
      _id: `${tenant}/${spec.name}/${version}`,
      tenant,
      name: spec.name,
      version,
      spec: encode({ ...spec, version }),
      created_at: database.clock.now(),
    };
    try {
      await database.agents.insertOne(doc, flushed);
      return toAgent(doc);
    } catch (thrown) {
      if (!isDuplicate(thrown)) throw thrown;
    }
  }
}

export async function agent(
  { agents }: Database,
  tenant: string,
  name: string,
  version: number | null,
): Promise<StoredAgent | null> {
  const filter = { tenant, name, ...(version === null ? {} : { version }) };
  const [doc] = await agents.find(filter).sort({ version: -1 }).limit(1).toArray();
  return doc ? toAgent(doc) : null;
}

export async function agents(database: Database, tenant: string, page: Page): Promise<StoredAgent[]> {
  const behind = page.after === undefined ? {} : { name: { $gt: page.after } };
  const names = await database.agents.distinct('name', { tenant, ...behind });
  const found = names.sort().slice(0, page.limit);
  const newest = await Promise.all(found.map((name) => agent(database, tenant, name, null)));
  return newest.flatMap((each) => each ?? []);
}

export async function deleteAgent({ agents }: Database, tenant: string, name: string): Promise<boolean> {
  return (await agents.deleteMany({ tenant, name }, flushed)).deletedCount > 0;
}
