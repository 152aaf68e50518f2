import type { Delivery, DueDeliveries, EndedAttempt, Page, RecordedAttempt } from '@mcp-fleet/core';
import { type Database, flushed, lazy } from './database.ts';
import { behind } from './reads.ts';
import { type DeliveryDoc, toDelivery } from './webhook-documents.ts';

/** A claim moves the delivery's time to where the lease ends, so that one that is lost comes back by itself. */
export async function dueDeliveries(database: Database, due: DueDeliveries): Promise<Delivery[]> {
  const candidates = await findDue(database, due);
  const leaseEnd = new Date(database.clock.now().getTime() + due.leaseMs);
  const claimed = await Promise.all(candidates.map((doc) => claim(database, doc, leaseEnd)));
  return claimed.flatMap((doc) => (doc === null ? [] : [toDelivery(doc)]));
}

/** Looks again without the webhooks that have their share, until there are enough or no more. */
async function findDue({ deliveries, clock }: Database, due: DueDeliveries): Promise<DeliveryDoc[]> {
  const now = clock.now();
  const found: DeliveryDoc[] = [];
  const share = new Map<string, number>();
  for (const full = new Set(due.except); found.length < due.limit; ) {
    const filter = { next_attempt_at: { $lte: now }, webhook_id: { $nin: [...full] } };
    const seen = found.map((doc) => doc._id);
    const docs = await deliveries
      .find({ ...filter, _id: { $nin: seen } })
      .sort({ next_attempt_at: 1, _id: 1 })
      .limit(due.limit)
      .toArray();
    for (const doc of docs) {
      const has = share.get(doc.webhook_id) ?? 0;
      if (has >= due.perWebhook) full.add(doc.webhook_id);
      if (has >= due.perWebhook || found.length === due.limit) continue;
      share.set(doc.webhook_id, has + 1);
      found.push(doc);
    }
    if (docs.length < due.limit) break;
  }
  return found;
}

/** The delivery as it is claimed, or null when somebody else was first. */
async function claim(
  { deliveries }: Database,
  doc: DeliveryDoc,
  leaseEnd: Date,
): Promise<DeliveryDoc | null> {
  const change = { attempts: doc.attempts + 1, next_attempt_at: leaseEnd };
  const claimed = await deliveries.updateOne(
    { _id: doc._id, attempts: doc.attempts, next_attempt_at: doc.next_attempt_at },
    { $set: change },
    lazy,
  );
  return claimed.matchedCount === 1 ? { ...doc, ...change } : null;
}

/** Flushed lazily: an attempt that the database loses is made again. */
export async function recordAttempt(
  database: Database,
  id: string,
  ended: EndedAttempt,
): Promise<RecordedAttempt> {
  const now = database.clock.now();
  const { attempt, outcome, status, error, durationMs, nextAttemptMs } = ended;
  const recorded = await database.deliveries.findOneAndUpdate(
    { _id: id, attempts: attempt },
    {
      $set: {
        last: { outcome, status, error, ms: durationMs },
        next_attempt_at: nextAttemptMs === null ? null : new Date(now.getTime() + nextAttemptMs),
        delivered_at: outcome === 'delivered' ? now : null,
      },
    },
    { ...lazy, projection: { webhook_id: 1 } },
  );
  if (recorded === null) return { failingMs: null };
  return { failingMs: await noteAttempt(database, recorded.webhook_id, outcome === 'delivered') };
}

/** The webhook is written where its state changes alone: at the first failure, and at the success that follows. */
async function noteAttempt(
  { webhooks, clock }: Database,
  webhookId: string,
  delivered: boolean,
): Promise<number | null> {
  const now = clock.now();
  if (delivered) {
    const failing = { _id: webhookId, failing_since: { $ne: null } };
    await webhooks.updateOne(failing, { $set: { failing_since: null } }, lazy);
    return null;
  }
  const well = { _id: webhookId, failing_since: null };
  await webhooks.updateOne(well, { $set: { failing_since: now } }, lazy);
  const webhook = await webhooks.findOne({ _id: webhookId }, { projection: { failing_since: 1 } });
  return webhook ? now.getTime() - (webhook.failing_since ?? now).getTime() : null;
}

export async function deliveries(
  database: Database,
  tenant: string,
  webhookId: string,
  page: Page,
): Promise<Delivery[]> {
  const found = database.deliveries.find({ webhook_id: webhookId, tenant, ...behind(page) });
  return (await found.sort({ _id: -1 }).limit(page.limit).toArray()).map(toDelivery);
}

export async function jobDeliveries(
  database: Database,
  tenant: string,
  jobId: string,
  page: Page,
): Promise<Delivery[]> {
  const found = database.deliveries.find({ job_id: jobId, tenant, ...behind(page) });
  return (await found.sort({ _id: -1 }).limit(page.limit).toArray()).map(toDelivery);
}

export async function deleteDeliveries(
  { deliveries, clock }: Database,
  olderThanMs: number,
  limit: number,
): Promise<number> {
  const youngest = new Date(clock.now().getTime() - olderThanMs);
  const old = { next_attempt_at: null, created_at: { $lte: youngest } };
  const found = await deliveries
    .find(old, { projection: { _id: 1 } })
    .sort({ created_at: 1 })
    .limit(limit)
    .toArray();
  const ids = found.map((doc) => doc._id);
  return (await deliveries.deleteMany({ _id: { $in: ids }, ...old }, lazy)).deletedCount;
}

export async function redeliver(
  { deliveries, clock }: Database,
  tenant: string,
  id: string,
): Promise<Delivery | null> {
  const doc = await deliveries.findOneAndUpdate(
    { _id: id, tenant },
    { $set: { attempts: 0, next_attempt_at: clock.now(), delivered_at: null } },
    { ...flushed, returnDocument: 'after' },
  );
  return doc ? toDelivery(doc) : null;
}
