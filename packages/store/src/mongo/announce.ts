import {
  isTerminal,
  type NewDelivery,
  type UnannouncedApproval,
  type UnannouncedBatch,
  type UnannouncedJob,
} from '@mcp-fleet/core';
import { decodeJobWebhook } from '../record-codec.ts';
import { type Database, flushed, insertNew } from './database.ts';
import { type ApprovalDoc, type JobDoc, positionKey } from './documents.ts';

/** Looks into each tenant that has an enabled webhook; their jobs are read off the index. */
export async function unannouncedJobs(database: Database, limit: number): Promise<UnannouncedJob[]> {
  const { jobs } = database;
  const found: UnannouncedJob[] = [];
  for (const [tenant, since] of await enabledSince(database)) {
    const docs = await jobs
      .find(
        { tenant, announced: { $exists: false }, ended_at: { $gte: since } },
        { projection: { tenant: 1, state: 1, ended_at: 1, webhook: 1 } },
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

function toUnannounced({ _id, tenant, state, ended_at, webhook }: JobDoc): UnannouncedJob[] {
  if (!isTerminal(state) || ended_at === null) return [];
  return [{ jobId: _id, tenant, state, endedAt: ended_at, webhook: toJobWebhook(webhook) }];
}

const toJobWebhook = (text: string | undefined) => (text === undefined ? null : decodeJobWebhook(text));

export async function unannouncedApprovals(
  database: Database,
  limit: number,
): Promise<UnannouncedApproval[]> {
  const found: ApprovalDoc[] = [];
  for (const [tenant, since] of await enabledSince(database)) {
    const docs = await database.approvals
      .find({ tenant, announced: { $exists: false }, requested_at: { $gte: since } })
      .sort({ requested_at: 1, _id: 1 })
      .limit(limit)
      .toArray();
    found.push(...docs);
  }
  const oldest = found.sort((a, b) => a.requested_at.getTime() - b.requested_at.getTime()).slice(0, limit);
  const ids = [...new Set(oldest.map((doc) => doc.job_id))];
  const jobs = await database.jobs.find({ _id: { $in: ids } }, { projection: { webhook: 1 } }).toArray();
  const webhooks = new Map(jobs.map((doc) => [doc._id, toJobWebhook(doc.webhook)]));
  return oldest.map(({ job_id, tenant, round, slot, requested_at }) => {
    const webhook = webhooks.get(job_id) ?? null;
    return { jobId: job_id, tenant, round, slot, requestedAt: requested_at, webhook };
  });
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

/** As `announce`: the deliveries first. */
export async function announceApproval(
  database: Database,
  approval: Pick<UnannouncedApproval, 'jobId' | 'round' | 'slot'>,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  await addDeliveries(database, deliveries);
  const asked = { _id: positionKey(approval.jobId, approval) };
  await database.approvals.updateOne(asked, { $set: { announced: true } }, flushed);
}

export async function unannouncedBatches(database: Database, limit: number): Promise<UnannouncedBatch[]> {
  const found: UnannouncedBatch[] = [];
  for (const [tenant, since] of await enabledSince(database)) {
    const ended = { tenant, ended_at: { $gte: since }, announced: { $ne: true } };
    const docs = await database.batches
      .find(ended, { projection: { tenant: 1, ended_at: 1 } })
      .sort({ ended_at: 1, _id: 1 })
      .limit(limit)
      .toArray();
    found.push(...docs.map(({ _id, ended_at }) => ({ batchId: _id, tenant, endedAt: ended_at as Date })));
  }
  return found.sort((a, b) => a.endedAt.getTime() - b.endedAt.getTime()).slice(0, limit);
}

/** As `announce`: the deliveries first. A batch that goes on meanwhile is to be announced again. */
export async function announceBatch(
  database: Database,
  { batchId, endedAt }: Pick<UnannouncedBatch, 'batchId' | 'endedAt'>,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  await addDeliveries(database, deliveries);
  const ended = { _id: batchId, ended_at: endedAt };
  await database.batches.updateOne(ended, { $set: { announced: true } }, flushed);
}

async function addDeliveries({ deliveries, clock }: Database, added: readonly NewDelivery[]): Promise<void> {
  const now = clock.now();
  const docs = added.map(({ id, webhookId, tenant, jobId, url, event, eventId }) => ({
    _id: id,
    webhook_id: webhookId,
    tenant,
    job_id: jobId,
    ...(url === null ? {} : { url }),
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
