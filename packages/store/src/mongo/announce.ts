import { isTerminal, type NewDelivery, type UnannouncedJob } from '@mcp-fleet/core';
import { type Database, flushed, insertNew } from './database.ts';
import type { JobDoc } from './documents.ts';

/** Looks into each tenant that has an enabled webhook; their jobs are read off the index. */
export async function unannouncedJobs(database: Database, limit: number): Promise<UnannouncedJob[]> {
  const { jobs } = database;
  const found: UnannouncedJob[] = [];
  for (const [tenant, since] of await enabledSince(database)) {
    const docs = await jobs
      .find(
        { tenant, announced: { $exists: false }, ended_at: { $gte: since } },
        { projection: { tenant: 1, state: 1, ended_at: 1 } },
      )
      .sort({ ended_at: 1, _id: 1 })
      .limit(limit)
      .toArray();
    found.push(...docs.flatMap(toUnannounced));
  }
  return found.sort((a, b) => a.endedAt.getTime() - b.endedAt.getTime()).slice(0, limit);
}

/** Tenants with an enabled webhook, and since when they have had one. */
async function enabledSince({ webhooks }: Database): Promise<Map<string, Date>> {
  const since = new Map<string, Date>();
  const projection = { tenant: 1, enabled_at: 1 };
  for await (const { tenant, enabled_at } of webhooks.find({ disabled: null }, { projection })) {
    const earlier = since.get(tenant);
    if (earlier === undefined || enabled_at < earlier) since.set(tenant, enabled_at);
  }
  return since;
}

function toUnannounced({ _id, tenant, state, ended_at }: JobDoc): UnannouncedJob[] {
  if (!isTerminal(state) || ended_at === null) return [];
  return [{ jobId: _id, tenant, state, endedAt: ended_at }];
}

/** The deliveries first: a crash in between announces the job again, which makes none of them twice. */
export async function announce(
  database: Database,
  jobId: string,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  await addDeliveries(database, deliveries);
  const ended = { _id: jobId, ended_at: { $ne: null } };
  await database.jobs.updateOne(ended, { $set: { announced: true } }, flushed);
}

export async function addDeliveries(
  { deliveries, clock }: Database,
  added: readonly NewDelivery[],
): Promise<void> {
  const now = clock.now();
  const docs = added.map(({ id, webhookId, tenant, jobId, event, eventId }) => ({
    _id: id,
    webhook_id: webhookId,
    tenant,
    job_id: jobId,
    event,
    event_id: eventId,
    attempts: 0,
    last: null,
    next_attempt_at: now,
    delivered_at: null,
    created_at: now,
  }));
  await insertNew(deliveries, docs, flushed);
}
