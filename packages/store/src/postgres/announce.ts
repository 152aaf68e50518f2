import type { NewDelivery, UnannouncedJob } from '@mcp-fleet/core';
import type { Database } from './database.ts';
import { toUnannounced, type UnannouncedRow } from './webhook-rows.ts';

/** The inner limit lets each tenant's part be read off the index and stop; the outer one takes the oldest. */
const unannounced = `
  SELECT j.id, j.tenant, j.state, j.ended_at
  FROM (
    SELECT tenant, min(enabled_at) AS since FROM fleet.webhooks WHERE disabled IS NULL GROUP BY tenant
  ) w
  CROSS JOIN LATERAL (
    SELECT id, tenant, state, ended_at FROM fleet.jobs
    WHERE tenant = w.tenant AND ended_at >= w.since AND ended_at IS NOT NULL AND NOT announced
    ORDER BY ended_at LIMIT $1
  ) j
  ORDER BY j.ended_at, j.id LIMIT $1`;

export async function unannouncedJobs(database: Database, limit: number): Promise<UnannouncedJob[]> {
  return (await database.lazy<UnannouncedRow>('unannounced', unannounced, [limit])).map(toUnannounced);
}

const insertDeliveries = `
  INSERT INTO fleet.deliveries (id, webhook_id, tenant, job_id, event, event_id)
  SELECT d.id, w.id, w.tenant, d.job_id, d.event, d.event_id
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
    AS d (id, webhook_id, tenant, job_id, event, event_id)
  JOIN fleet.webhooks w ON w.id = d.webhook_id AND w.tenant = d.tenant
  ON CONFLICT (webhook_id, event_id) DO NOTHING`;

const announceJob = `
  WITH made AS (${insertDeliveries})
  UPDATE fleet.jobs SET announced = true WHERE id = $7 AND ended_at IS NOT NULL`;

export async function announce(
  database: Database,
  jobId: string,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  await database.flushed('announce', announceJob, [...columnsOf(deliveries), jobId]);
}

export async function addDeliveries(database: Database, deliveries: readonly NewDelivery[]): Promise<void> {
  await database.flushed('add_deliveries', insertDeliveries, columnsOf(deliveries));
}

function columnsOf(deliveries: readonly NewDelivery[]): string[][] {
  const columns = ['id', 'webhookId', 'tenant', 'jobId', 'event', 'eventId'] as const;
  return columns.map((column) => deliveries.map((delivery) => delivery[column]));
}
