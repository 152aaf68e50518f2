import type { Delivery, DueDeliveries, EndedAttempt, Page, RecordedAttempt } from '@mcp-fleet/core';
import type { Database } from './database.ts';
import { type DeliveryRow, toDelivery } from './webhook-rows.ts';

/** A claim moves the delivery's time to where the lease ends, so that one that is lost comes back by itself. */
const claimDue = `
  WITH due AS (
    SELECT d.id, d.next_attempt_at FROM fleet.webhooks w
    CROSS JOIN LATERAL (
      SELECT id, next_attempt_at FROM fleet.deliveries
      WHERE webhook_id = w.id AND next_attempt_at <= now()
      ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ) d
    WHERE w.id <> ALL($3::text[])
    ORDER BY d.next_attempt_at LIMIT $1
  ),
  claimed AS (
    UPDATE fleet.deliveries d SET
      attempts = d.attempts + 1, next_attempt_at = now() + $4::float8 * interval '1 millisecond'
    FROM due WHERE d.id = due.id RETURNING d.*, due.next_attempt_at AS was_due
  )
  SELECT * FROM claimed ORDER BY was_due, id`;

export async function dueDeliveries(database: Database, due: DueDeliveries): Promise<Delivery[]> {
  const values = [due.limit, due.perWebhook, due.except, due.leaseMs];
  return (await database.lazy<DeliveryRow>('due_deliveries', claimDue, values)).map(toDelivery);
}

/** The webhook is written where its state changes alone: at the first failure, and at the success that follows. */
const endAttempt = `
  WITH ended AS (
    UPDATE fleet.deliveries SET
      outcome = $3, status = $4, error = $5, duration_ms = $6,
      next_attempt_at = now() + $7::float8 * interval '1 millisecond',
      delivered_at = CASE WHEN $3 = 'delivered' THEN now() END
    WHERE id = $1 AND attempts = $2 RETURNING webhook_id
  ),
  changed AS (
    UPDATE fleet.webhooks w SET failing_since = CASE WHEN $3 = 'delivered' THEN NULL ELSE now() END
    FROM ended WHERE w.id = ended.webhook_id AND (w.failing_since IS NULL) <> ($3 = 'delivered')
  )
  SELECT (extract(epoch FROM now() - coalesce(w.failing_since, now())) * 1000)::float8 AS failing_ms
  FROM ended JOIN fleet.webhooks w ON w.id = ended.webhook_id WHERE $3 <> 'delivered'`;

/** Flushed lazily: an attempt that the database loses is made again. */
export async function recordAttempt(
  database: Database,
  id: string,
  ended: EndedAttempt,
): Promise<RecordedAttempt> {
  const { attempt, outcome, status, error, durationMs, nextAttemptMs } = ended;
  const values = [id, attempt, outcome, status, error, durationMs, nextAttemptMs];
  const [row] = await database.lazy<{ failing_ms: number }>('record_attempt', endAttempt, values);
  return { failingMs: row?.failing_ms ?? null };
}

export async function deliveries(
  database: Database,
  tenant: string,
  webhookId: string,
  page: Page,
): Promise<Delivery[]> {
  const text = `
    SELECT * FROM fleet.deliveries
    WHERE webhook_id = $2 AND tenant = $1 AND ($3::text IS NULL OR id < $3) ORDER BY id DESC LIMIT $4`;
  const values = [tenant, webhookId, page.after ?? null, page.limit];
  return (await database.lazy<DeliveryRow>('deliveries', text, values)).map(toDelivery);
}

export async function jobDeliveries(
  database: Database,
  tenant: string,
  jobId: string,
  page: Page,
): Promise<Delivery[]> {
  const text = `
    SELECT * FROM fleet.deliveries
    WHERE job_id = $2 AND tenant = $1 AND ($3::text IS NULL OR id < $3) ORDER BY id DESC LIMIT $4`;
  const values = [tenant, jobId, page.after ?? null, page.limit];
  return (await database.lazy<DeliveryRow>('job_deliveries', text, values)).map(toDelivery);
}

const deleteOld = `
  WITH old AS (
    SELECT id FROM fleet.deliveries
    WHERE next_attempt_at IS NULL AND created_at <= now() - $1::float8 * interval '1 millisecond'
    ORDER BY created_at LIMIT $2
  )
  DELETE FROM fleet.deliveries d USING old WHERE d.id = old.id AND d.next_attempt_at IS NULL RETURNING d.id`;

export async function deleteDeliveries(
  database: Database,
  olderThanMs: number,
  limit: number,
): Promise<number> {
  return (await database.lazy('delete_deliveries', deleteOld, [olderThanMs, limit])).length;
}

const makeDue = `
  UPDATE fleet.deliveries SET attempts = 0, next_attempt_at = now(), delivered_at = NULL
  WHERE id = $2 AND tenant = $1 RETURNING *`;

export async function redeliver(database: Database, tenant: string, id: string): Promise<Delivery | null> {
  const [row] = await database.flushed<DeliveryRow>('redeliver', makeDue, [tenant, id]);
  return row ? toDelivery(row) : null;
}
