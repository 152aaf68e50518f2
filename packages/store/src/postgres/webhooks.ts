import type { NewWebhook, Page, Webhook, WebhookChange } from '@mcp-fleet/core';
import type { Database } from './database.ts';
import { toWebhook, type WebhookRow } from './webhook-rows.ts';

const insertWebhook = `
  INSERT INTO fleet.webhooks (id, tenant, url, secrets, events, description, disabled)
  VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING *`;

export async function createWebhook(database: Database, webhook: NewWebhook): Promise<Webhook> {
  const { id, tenant, url, secrets, events, description, disabled } = webhook;
  const values = [id, tenant, url, secrets, events, description, disabled];
  const [row] = await database.flushed<WebhookRow>('create_webhook', insertWebhook, values);
  return toWebhook(row as WebhookRow);
}

export async function webhook(database: Database, tenant: string, id: string): Promise<Webhook | null> {
  const text = 'SELECT * FROM fleet.webhooks WHERE id = $2 AND tenant = $1 AND NOT of_jobs';
  const [row] = await database.lazy<WebhookRow>('webhook', text, [tenant, id]);
  return row ? toWebhook(row) : null;
}

export async function webhooks(database: Database, tenant: string, page: Page): Promise<Webhook[]> {
  const text = `
    SELECT * FROM fleet.webhooks
    WHERE tenant = $1 AND NOT of_jobs AND ($2::text IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`;
  const rows = await database.lazy<WebhookRow>('webhooks', text, [tenant, page.after ?? null, page.limit]);
  return rows.map(toWebhook);
}

const change = `
  WITH changed AS (
    UPDATE fleet.webhooks SET
      url = coalesce($3, url), secrets = coalesce($4::text[], secrets), events = coalesce($5::text[], events),
      description = coalesce($6, description), disabled = CASE WHEN $7::boolean THEN $8 ELSE disabled END,
      enabled_at = CASE WHEN $7 AND $8::text IS NULL AND disabled IS NOT NULL THEN now() ELSE enabled_at END,
      failing_since = CASE WHEN $3 <> url OR ($7 AND $8::text IS NULL) THEN NULL ELSE failing_since END,
      updated_at = now()
    WHERE id = $2 AND tenant = $1 AND NOT of_jobs RETURNING *
  ),
  ended AS (
    UPDATE fleet.deliveries d SET next_attempt_at = NULL FROM changed
    WHERE d.webhook_id = changed.id AND d.next_attempt_at IS NOT NULL AND $8::text IS NOT NULL
  )
  SELECT * FROM changed`;

export async function updateWebhook(
  database: Database,
  tenant: string,
  id: string,
  { url, secrets, events, description, disabled }: WebhookChange,
): Promise<Webhook | null> {
  const set = [url ?? null, secrets ?? null, events ?? null, description ?? null];
  const values = [tenant, id, ...set, disabled !== undefined, disabled ?? null];
  const [row] = await database.flushed<WebhookRow>('update_webhook', change, values);
  return row ? toWebhook(row) : null;
}

/** Its deliveries go with it, by the foreign key. */
export async function deleteWebhook(database: Database, tenant: string, id: string): Promise<boolean> {
  const text = 'DELETE FROM fleet.webhooks WHERE id = $2 AND tenant = $1 AND NOT of_jobs RETURNING id';
  return (await database.flushed('delete_webhook', text, [tenant, id])).length === 1;
}
