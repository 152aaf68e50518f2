import type { NewWebhook, Page, Webhook, WebhookChange } from '@mcp-fleet/core';
import { type Database, flushed } from './database.ts';
import { behind } from './reads.ts';
import { toWebhook, type WebhookDoc } from './webhook-documents.ts';

export async function createWebhook({ webhooks, clock }: Database, webhook: NewWebhook): Promise<Webhook> {
  const now = clock.now();
  const { id, ...rest } = webhook;
  const doc: WebhookDoc = { _id: id, ...rest, enabled_at: now, created_at: now, updated_at: now };
  await webhooks.insertOne(doc, flushed);
  return toWebhook(doc);
}

export async function webhook({ webhooks }: Database, tenant: string, id: string): Promise<Webhook | null> {
  const doc = await webhooks.findOne({ _id: id, tenant });
  return doc ? toWebhook(doc) : null;
}

export async function webhooks(database: Database, tenant: string, page: Page): Promise<Webhook[]> {
  const found = database.webhooks.find({ tenant, ...behind(page) });
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
  await webhooks.updateOne({ _id: id, tenant }, { $set: { ...set, ...reason, updated_at: now } }, flushed);
  if (disabled === null) {
    const wasDisabled = { _id: id, tenant, disabled: { $ne: null } };
    await webhooks.updateOne(wasDisabled, { $set: { disabled, enabled_at: now } }, flushed);
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
  const deleted = await webhooks.deleteOne({ _id: id, tenant }, flushed);
  await deliveries.deleteMany({ webhook_id: id, tenant }, flushed);
  return deleted.deletedCount === 1;
}
