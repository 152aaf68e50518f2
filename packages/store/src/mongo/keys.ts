import { type ApiKey, type NewApiKey, noLimits, type Page, type TenantLimits } from '@mcp-fleet/core';
import { type Database, flushed, lazy } from './database.ts';
import type { KeyDoc } from './documents.ts';

function toKey(doc: KeyDoc): ApiKey {
  return {
    id: doc._id,
    tenant: doc.tenant,
    name: doc.name,
    scopes: doc.scopes,
    hash: doc.hash,
    createdAt: doc.created_at,
    expiresAt: doc.expires_at,
    revokedAt: doc.revoked_at,
    lastUsedAt: doc.last_used_at,
  };
}

export async function createKey({ keys, clock }: Database, key: NewApiKey): Promise<ApiKey> {
  const doc: KeyDoc = {
    _id: key.id,
    tenant: key.tenant,
    name: key.name,
    scopes: key.scopes,
    hash: key.hash,
    created_at: clock.now(),
    expires_at: key.expiresAt,
    revoked_at: null,
    last_used_at: null,
  };
  await keys.insertOne(doc, flushed);
  return toKey(doc);
}

export async function apiKey({ keys }: Database, id: string): Promise<ApiKey | null> {
  const doc = await keys.findOne({ _id: id });
  return doc ? toKey(doc) : null;
}

export async function apiKeys({ keys }: Database, tenant: string | null, page: Page): Promise<ApiKey[]> {
  const filter = {
    ...(tenant === null ? {} : { tenant }),
    ...(page.after === undefined ? {} : { _id: { $lt: page.after } }),
  };
  return (await keys.find(filter).sort({ _id: -1 }).limit(page.limit).toArray()).map(toKey);
}

/** Never later than it stands: a key that was ended stays ended. */
export async function endKey(
  { keys }: Database,
  tenant: string | null,
  id: string,
  at: Date,
  how: 'expires' | 'revoked',
): Promise<ApiKey | null> {
  const field = how === 'expires' ? 'expires_at' : 'revoked_at';
  const own = { _id: id, ...(tenant === null ? {} : { tenant }) };
  await keys.updateOne(
    { ...own, $or: [{ [field]: null }, { [field]: { $gt: at } }] },
    { $set: { [field]: at } },
    flushed,
  );
  const doc = await keys.findOne(own);
  return doc ? toKey(doc) : null;
}

export async function keysUsed({ keys, clock }: Database, ids: readonly string[]): Promise<void> {
  await keys.updateMany({ _id: { $in: [...ids] } }, { $set: { last_used_at: clock.now() } }, lazy);
}

export async function limits({ tenants }: Database, tenant: string): Promise<TenantLimits> {
  const doc = await tenants.findOne({ _id: tenant });
  if (!doc) return noLimits;
  const { requests_per_minute, queued_jobs, running_jobs, daily_cost = null, weight = 1 } = doc;
  return {
    requestsPerMinute: requests_per_minute,
    queuedJobs: queued_jobs,
    runningJobs: running_jobs,
    dailyCost: daily_cost,
    weight,
  };
}

export async function setLimits({ tenants }: Database, tenant: string, limits: TenantLimits): Promise<void> {
  const change = {
    requests_per_minute: limits.requestsPerMinute,
    queued_jobs: limits.queuedJobs,
    running_jobs: limits.runningJobs,
    daily_cost: limits.dailyCost,
    weight: limits.weight,
  };
  await tenants.updateOne({ _id: tenant }, { $set: change }, { ...flushed, upsert: true });
}

export async function openJobs(
  { jobs }: Database,
  tenant: string,
  most: number,
): Promise<{ queued: number; running: number }> {
  const [queued, running] = await Promise.all([
    jobs.countDocuments({ tenant, state: { $in: ['queued', 'waiting'] } }, { limit: most }),
    jobs.countDocuments({ tenant, state: 'running' }, { limit: most }),
  ]);
  return { queued, running };
}
