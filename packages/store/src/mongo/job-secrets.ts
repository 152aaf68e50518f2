import { jobWebhookId } from '@mcp-fleet/core';
import { type Database, flushed, insertNew } from './database.ts';
import type { WebhookDoc } from './webhook-documents.ts';

/** Kept as a webhook without a URL, so that deliveries to the webhooks of jobs are claimed as all others are. */
export async function jobSecrets(
  { webhooks, clock }: Database,
  tenant: string,
  fresh: string,
): Promise<string[]> {
  const _id = jobWebhookId(tenant);
  const known = await webhooks.findOne({ _id });
  if (known) return known.secrets;
  const now = clock.now();
  const made: WebhookDoc = {
    _id,
    tenant,
    url: '',
    secrets: [fresh],
    events: [],
    description: '',
    disabled: null,
    of_jobs: true,
    enabled_at: now,
    created_at: now,
    updated_at: now,
  };
  await insertNew(webhooks, [made], flushed);
  return (await webhooks.findOne({ _id }))?.secrets ?? [];
}

export async function setJobSecrets(
  { webhooks, clock }: Database,
  tenant: string,
  secrets: readonly string[],
): Promise<void> {
  const change = { secrets: [...secrets], updated_at: clock.now() };
  await webhooks.updateOne({ _id: jobWebhookId(tenant) }, { $set: change }, flushed);
}
