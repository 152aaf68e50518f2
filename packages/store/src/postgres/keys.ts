import {
  type ApiKey,
  type NewApiKey,
  noLimits,
  type Page,
  type Scope,
  type TenantLimits,
} from '@mcp-fleet/core';
import type { Database } from './database.ts';

interface KeyRow {
  id: string;
  tenant: string;
  name: string;
  scopes: Scope[];
  hash: string;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

function toKey(row: KeyRow): ApiKey {
  return {
    id: row.id,
    tenant: row.tenant,
    name: row.name,
    scopes: row.scopes,
    hash: row.hash,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}

const insertKey = `
  INSERT INTO fleet.api_keys (id, tenant, name, scopes, hash, expires_at)
  VALUES ($1, $2, $3, $4, $5, $6) RETURNING *`;

export async function createKey(database: Database, key: NewApiKey): Promise<ApiKey> {
  const values = [key.id, key.tenant, key.name, key.scopes, key.hash, key.expiresAt];
  const [row] = await database.flushed<KeyRow>('create_key', insertKey, values);
  return toKey(row as KeyRow);
}

export async function apiKey(database: Database, id: string): Promise<ApiKey | null> {
  const [row] = await database.lazy<KeyRow>('key', 'SELECT * FROM fleet.api_keys WHERE id = $1', [id]);
  return row ? toKey(row) : null;
}

const listKeys = `
  SELECT * FROM fleet.api_keys
  WHERE ($1::text IS NULL OR tenant = $1) AND ($2::text IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`;

export async function apiKeys(database: Database, tenant: string | null, page: Page): Promise<ApiKey[]> {
  return (await database.lazy<KeyRow>('keys', listKeys, [tenant, page.after ?? null, page.limit])).map(toKey);
}

/** Never later than it stands: a key that was ended stays ended. */
const setEnd = `
  UPDATE fleet.api_keys SET
    expires_at = CASE WHEN $4 = 'expires' THEN least(expires_at, $3) ELSE expires_at END,
    revoked_at = CASE WHEN $4 = 'revoked' THEN least(revoked_at, $3) ELSE revoked_at END
  WHERE id = $2 AND ($1::text IS NULL OR tenant = $1) RETURNING *`;

export async function endKey(
  database: Database,
  tenant: string | null,
  id: string,
  at: Date,
  how: 'expires' | 'revoked',
): Promise<ApiKey | null> {
  const [row] = await database.flushed<KeyRow>('end_key', setEnd, [tenant, id, at, how]);
  return row ? toKey(row) : null;
}

export async function keysUsed(database: Database, ids: readonly string[]): Promise<void> {
  await database.lazy('keys_used', 'UPDATE fleet.api_keys SET last_used_at = now() WHERE id = ANY($1)', [
    ids,
  ]);
}

interface LimitsRow {
  requests_per_minute: number | null;
  queued_jobs: number | null;
  running_jobs: number | null;
  daily_cost: string | null;
  weight: number | null;
}

export async function limits(database: Database, tenant: string): Promise<TenantLimits> {
  const text = 'SELECT * FROM fleet.tenants WHERE id = $1';
  const [row] = await database.lazy<LimitsRow>('limits', text, [tenant]);
  if (!row) return noLimits;
  return {
    requestsPerMinute: row.requests_per_minute,
    queuedJobs: row.queued_jobs,
    runningJobs: row.running_jobs,
    dailyCost: row.daily_cost === null ? null : Number(row.daily_cost),
    weight: row.weight ?? 1,
  };
}

const saveLimits = `
  INSERT INTO fleet.tenants (id, requests_per_minute, queued_jobs, running_jobs, daily_cost, weight)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (id) DO UPDATE SET
    requests_per_minute = $2, queued_jobs = $3, running_jobs = $4, daily_cost = $5, weight = $6`;

export async function setLimits(database: Database, tenant: string, limits: TenantLimits): Promise<void> {
  const { requestsPerMinute, queuedJobs, runningJobs, dailyCost, weight } = limits;
  const values = [tenant, requestsPerMinute, queuedJobs, runningJobs, dailyCost, weight];
  await database.flushed('set_limits', saveLimits, values);
}

const countOpen = `
  SELECT (SELECT count(*)::int FROM (SELECT 1 FROM fleet.jobs
      WHERE tenant = $1 AND state IN ('queued', 'waiting') LIMIT $2) q) AS queued,
    (SELECT count(*)::int FROM (SELECT 1 FROM fleet.jobs
      WHERE tenant = $1 AND state = 'running' LIMIT $2) r) AS running`;

export async function openJobs(
  database: Database,
  tenant: string,
  most: number,
): Promise<{ queued: number; running: number }> {
  const [row] = await database.lazy<{ queued: number; running: number }>('open_jobs', countOpen, [
    tenant,
    most,
  ]);
  return row ?? { queued: 0, running: 0 };
}
