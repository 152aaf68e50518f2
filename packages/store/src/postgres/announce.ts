import type { NewDelivery, UnannouncedApproval, UnannouncedBatch, UnannouncedJob } from '@mcp-fleet/core';
import type { Database } from './database.ts';
import {
  toUnannounced,
  toUnannouncedApproval,
  type UnannouncedApprovalRow,
  type UnannouncedRow,
} from './webhook-rows.ts';

/** Tenants with an enabled webhook, and since when they have had one. */
const enabledSince = `
  SELECT tenant, min(enabled_at) AS since FROM fleet.webhooks WHERE disabled IS NULL GROUP BY tenant`;

/** The inner limit lets each tenant's part be read off the index and stop; the outer one takes the oldest. */
const unannounced = `
  SELECT j.*
  FROM (${enabledSince}) w
  CROSS JOIN LATERAL (
    SELECT id, tenant, state, ended_at, webhook FROM fleet.jobs
    WHERE tenant = w.tenant AND ended_at >= w.since AND ended_at IS NOT NULL AND NOT announced
    ORDER BY ended_at LIMIT $1
  ) j
  ORDER BY j.ended_at, j.id LIMIT $1`;

export async function unannouncedJobs(database: Database, limit: number): Promise<UnannouncedJob[]> {
  return (await database.lazy<UnannouncedRow>('unannounced', unannounced, [limit])).map(toUnannounced);
}

const unannouncedRequests = `
  SELECT a.*, j.webhook
  FROM (${enabledSince}) w
  CROSS JOIN LATERAL (
    SELECT job_id, tenant, round, slot, requested_at FROM fleet.approvals
    WHERE tenant = w.tenant AND requested_at >= w.since AND NOT announced
    ORDER BY requested_at LIMIT $1
  ) a
  LEFT JOIN fleet.jobs j ON j.id = a.job_id
  ORDER BY a.requested_at, a.job_id, a.round, a.slot LIMIT $1`;

export async function unannouncedApprovals(
  database: Database,
  limit: number,
): Promise<UnannouncedApproval[]> {
  const rows = await database.lazy<UnannouncedApprovalRow>('unannounced_approvals', unannouncedRequests, [
    limit,
  ]);
  return rows.map(toUnannouncedApproval);
}

const insertDeliveries = `
  INSERT INTO fleet.deliveries (id, webhook_id, tenant, job_id, url, event, event_id)
  SELECT d.id, w.id, w.tenant, d.job_id, d.url, d.event, d.event_id
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
    AS d (id, webhook_id, tenant, job_id, url, event, event_id)
  JOIN fleet.webhooks w ON w.id = d.webhook_id AND w.tenant = d.tenant
  ON CONFLICT (webhook_id, event_id) DO NOTHING`;

const announceJob = `
  WITH made AS (${insertDeliveries})
  UPDATE fleet.jobs SET announced = true WHERE id = $8 AND ended_at IS NOT NULL`;

export async function announce(
  database: Database,
  jobId: string,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  await database.flushed('announce', announceJob, [...columnsOf(deliveries), jobId]);
}

const announceRequest = `
  WITH made AS (${insertDeliveries})
  UPDATE fleet.approvals SET announced = true WHERE job_id = $8 AND round = $9 AND slot = $10`;

export async function announceApproval(
  database: Database,
  { jobId, round, slot }: Pick<UnannouncedApproval, 'jobId' | 'round' | 'slot'>,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  const values = [...columnsOf(deliveries), jobId, round, slot];
  await database.flushed('announce_approval', announceRequest, values);
}

/** Which end was announced stands in the batch: one that ends again is to be announced again. */
const unannouncedEnds = `
  SELECT b.id AS "batchId", b.tenant, b.ended_at AS "endedAt"
  FROM (${enabledSince}) w
  CROSS JOIN LATERAL (
    SELECT id, tenant, ended_at FROM fleet.batches
    WHERE tenant = w.tenant AND ended_at >= w.since AND ended_at IS NOT NULL
      AND ended_at IS DISTINCT FROM announced_end
    ORDER BY ended_at LIMIT $1
  ) b
  ORDER BY b.ended_at, b.id LIMIT $1`;

export function unannouncedBatches(database: Database, limit: number): Promise<UnannouncedBatch[]> {
  return database.lazy<UnannouncedBatch>('unannounced_batches', unannouncedEnds, [limit]);
}

/** Times come with milliseconds, and are kept with more. */
const announceEnd = `
  WITH made AS (${insertDeliveries})
  UPDATE fleet.batches SET announced_end = ended_at
  WHERE id = $8 AND date_trunc('milliseconds', ended_at) = $9`;

export async function announceBatch(
  database: Database,
  { batchId, endedAt }: Pick<UnannouncedBatch, 'batchId' | 'endedAt'>,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  await database.flushed('announce_batch', announceEnd, [...columnsOf(deliveries), batchId, endedAt]);
}

function columnsOf(deliveries: readonly NewDelivery[]): (string | null)[][] {
  const columns = ['id', 'webhookId', 'tenant', 'jobId', 'url', 'event', 'eventId'] as const;
  return columns.map((column) => deliveries.map((delivery) => delivery[column]));
}
