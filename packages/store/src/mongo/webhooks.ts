import { jobWebhookId, type NewWebhook, type Page, type Webhook, type WebhookChange } from '@mcp-fleet/core';
import { type Database, flushed } from './database.ts';
import { behind } from './reads.ts';
import { toWebhook, type WebhookDoc } from './webhook-documents.ts';

/** Not the one that the webhooks of a tenant's jobs share. */
const registered = { of_jobs: { $exists: false } };

export async function createWebhook({ webhooks, clock }: Database, webhook: NewWebhook): Promise<Webhook> {
  const now = clock.now();
  const { id, ...rest } = webhook;
  const times = { enabled_at: now, failing_since: null, created_at: now, updated_at: now };
  const doc: WebhookDoc = { _id: id, ...rest, ...times };
  await webhooks.insertOne(doc, flushed);
  return toWebhook(doc);
}

export async function webhook({ webhooks }: Database, tenant: string, id: string): Promise<Webhook | null> {
  const doc = await webhooks.findOne({ _id: id, tenant, ...registered });
  return doc ? toWebhook(doc) : null;
}

export async function webhooks(database: Database, tenant: string, page: Page): Promise<Webhook[]> {
  const found = database.webhooks.find({ tenant, ...registered, ...behind(page) });
  return (await found.sort({ _id: -1 }).limit(page.limit).toArray()).map(toWebhook);
}

/**
 * A crash between disabling and ending the pending deliveries leaves some that are due; whoever sends them finds
 * the webhook disabled.
 */
export async function updateWebhook(
  database: Database,
  tenant: string,
  id: string,
  { disabled, ...rest }: WebhookChange,
): Promise<Webhook | null> {
  const { webhooks, deliveries, clock } = database;
  const now = clock.now();
  const set = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const reason = typeof disabled === 'string' ? { disabled } : {};
  const mine = { _id: id, tenant, ...registered };
  if (rest.url !== undefined) {
    const moved = { ...mine, url: { $ne: rest.url } };
    await webhooks.updateOne(moved, { $set: { failing_since: null } }, flushed);
  }
  await webhooks.updateOne(mine, { $set: { ...set, ...reason, updated_at: now } }, flushed);
  if (disabled === null) {
    const wasDisabled = { ...mine, disabled: { $ne: null } };
    await webhooks.updateOne(wasDisabled, { $set: { disabled, enabled_at: now } }, flushed);
    await webhooks.updateOne(mine, { $set: { failing_since: null } }, flushed);
  }
  const changed = await webhook(database, tenant, id);
  if (changed !== null && typeof disabled === 'string') {
    const pending = { webhook_id: id, next_attempt_at: { $ne: null } };
    await deliveries.updateMany(pending, { $set: { next_attempt_at: null } }, flushed);
  }
  return changed;
}

export async function deleteWebhook(
  { webhooks, deliveries }: Database,
  tenant: string,
  id: string,
): Promise<boolean> {
  const deleted = await webhooks.deleteOne({ _id: id, tenant, ...registered }, flushed);
  if (id !== jobWebhookId(tenant)) await deliveries.deleteMany({ webhook_id: id, tenant }, flushed);
  return deleted.deletedCount === 1;
}
