import type { Batch, BatchChange, BatchState, NewBatch, Page } from '@mcp-fleet/core';
import { encode } from '../../record-codec.ts';
import type { Database } from '../database.ts';
import { type BatchRow, toBatch } from './batch-rows.ts';

const insertBatch = `
  INSERT INTO fleet.batches (id, tenant, surface, agent, on_invalid, metadata, expires_at, budget_cost, budget_tokens)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING *`;

export async function createBatch(database: Database, batch: NewBatch): Promise<Batch> {
  const { id, tenant, surface, agent, onInvalid, metadata, expiresAt, budget } = batch;
  const values = [
    id,
    tenant,
    surface,
    agent,
    onInvalid,
    encode(metadata),
    expiresAt,
    budget.cost,
    budget.tokens,
  ];
  const [row] = await database.flushed<BatchRow>('create_batch', insertBatch, values);
  return toBatch(row as BatchRow);
}

export async function batch(database: Database, tenant: string, id: string): Promise<Batch | null> {
  const text = 'SELECT * FROM fleet.batches WHERE id = $2 AND tenant = $1';
  const [row] = await database.lazy<BatchRow>('batch', text, [tenant, id]);
  return row ? toBatch(row) : null;
}

export async function batches(
  database: Database,
  tenant: string,
  surface: Batch['surface'],
  page: Page,
): Promise<Batch[]> {
  const { after, before, limit } = page;
  if (before !== undefined) {
    const text = `
      SELECT * FROM fleet.batches WHERE tenant = $1 AND surface = $2 AND id > $3 ORDER BY id LIMIT $4`;
    const rows = await database.lazy<BatchRow>('batches_before', text, [tenant, surface, before, limit]);
    return rows.reverse().map(toBatch);
  }
  const text = `
    SELECT * FROM fleet.batches WHERE tenant = $1 AND surface = $2 AND ($3::text IS NULL OR id < $3)
    ORDER BY id DESC LIMIT $4`;
  const values = [tenant, surface, after ?? null, limit];
  return (await database.lazy<BatchRow>('batches', text, values)).map(toBatch);
}

/** Changes a batch where the condition holds; returns it as it is then. */
async function changeWhere(
  database: Database,
  name: string,
  [set, where]: [string, string],
  [tenant, id, ...values]: [string, string, ...unknown[]],
): Promise<Batch | null> {
  const text = `
    WITH changed AS (
      UPDATE fleet.batches SET ${set} WHERE id = $2 AND tenant = $1 AND ${where} RETURNING *
    )
    SELECT * FROM changed
    UNION ALL
    SELECT * FROM fleet.batches WHERE id = $2 AND tenant = $1 AND NOT EXISTS (SELECT 1 FROM changed)`;
  const [row] = await database.flushed<BatchRow>(name, text, [tenant, id, ...values]);
  return row ? toBatch(row) : null;
}

export function finalizeBatch(database: Database, tenant: string, id: string): Promise<Batch | null> {
  const change: [string, string] = [`state = 'in_progress', finalized_at = now()`, `state = 'uploading'`];
  return changeWhere(database, 'finalize_batch', change, [tenant, id]);
}

export function changeBatch(
  database: Database,
  tenant: string,
  id: string,
  change: BatchChange,
): Promise<Batch | null> {
  switch (change.to) {
    case 'pause': {
      const pause: [string, string] = [
        `state = 'paused', pause_reason = $3`,
        `state = 'in_progress' AND (NOT $4::boolean
          OR (budget_cost IS NOT DISTINCT FROM $5::bigint AND budget_tokens IS NOT DISTINCT FROM $6::bigint))`,
      ];
      const { reason, budget } = change;
      const known = [budget !== undefined, budget?.cost ?? null, budget?.tokens ?? null];
      return changeWhere(database, 'pause_batch', pause, [tenant, id, reason, ...known]);
    }
    case 'resume': {
      const resume: [string, string] = [`state = 'in_progress', pause_reason = NULL`, `state = 'paused'`];
      return changeWhere(database, 'resume_batch', resume, [tenant, id]);
    }
    case 'budget': {
      const raise: [string, string] = [`budget_cost = $3, budget_tokens = $4`, `state <> 'ended'`];
      const { cost, tokens } = change.budget;
      return changeWhere(database, 'budget_batch', raise, [tenant, id, cost, tokens]);
    }
    case 'cancel': {
      const cancel: [string, string] = [
        `state = 'canceling', cancel_requested_at = now(), pause_reason = NULL, finalized_at = coalesce(finalized_at, now())`,
        `state IN ('uploading', 'in_progress', 'paused')`,
      ];
      return changeWhere(database, 'cancel_batch', cancel, [tenant, id]);
    }
  }
}

const retryFailed = `
  WITH held AS (
    SELECT id FROM fleet.batches
    WHERE id = $2 AND tenant = $1 AND state IN ('in_progress', 'paused', 'ended') FOR UPDATE
  ),
  again AS (
    UPDATE fleet.batch_lines l SET state = 'waiting', run = l.run + 1, job_id = NULL
    FROM held, (SELECT n, state FROM fleet.batch_lines WHERE batch_id = $2 AND state IN ('errored', 'expired') FOR UPDATE) f
    WHERE l.batch_id = held.id AND l.n = f.n
    RETURNING f.state AS was
  )
  UPDATE fleet.batches b SET
    waiting = b.waiting + (SELECT count(*) FROM again),
    errored = b.errored - (SELECT count(*) FROM again WHERE was = 'errored'),
    expired = b.expired - (SELECT count(*) FROM again WHERE was = 'expired'),
    state = CASE WHEN b.state = 'ended' THEN 'in_progress' ELSE b.state END,
    ended_at = NULL, expires_at = greatest(b.expires_at, $3)
  FROM held WHERE b.id = held.id AND EXISTS (SELECT 1 FROM again)
  RETURNING b.*`;

export async function retryLines(
  database: Database,
  tenant: string,
  id: string,
  expiresAt: Date,
): Promise<Batch | null> {
  const [row] = await database.flushed<BatchRow>('retry_lines', retryFailed, [tenant, id, expiresAt]);
  return row ? toBatch(row) : batch(database, tenant, id);
}

/** The ids of a batch's jobs lie between these two, whatever their line and run. */
const jobsOfBatch = `j.id >= 'job_' || split_part($1, '_', 2) || '-' AND j.id < 'job_' || split_part($1, '_', 2) || '.'`;

/** Jobs of a session are turns of a conversation, and stay with it. */
const someJobs = `SELECT j.id FROM fleet.jobs j WHERE ${jobsOfBatch} AND j.batch_id = $1 AND j.session_id IS NULL LIMIT 5000`;

const eraseJobs = `
  WITH old AS (${someJobs}),
  blobs AS (DELETE FROM fleet.blobs WHERE job_id IN (SELECT id FROM old)),
  approvals AS (DELETE FROM fleet.approvals WHERE job_id IN (SELECT id FROM old)),
  claims AS (DELETE FROM fleet.claims WHERE job_id IN (SELECT id FROM old)),
  steps AS (DELETE FROM fleet.steps WHERE job_id IN (SELECT id FROM old))
  DELETE FROM fleet.jobs WHERE id IN (SELECT id FROM old) RETURNING 1`;

const eraseLines = `
  DELETE FROM fleet.batch_lines WHERE batch_id = $1 AND n IN (
    SELECT n FROM fleet.batch_lines WHERE batch_id = $1 LIMIT 10000) RETURNING 1`;

/** In pieces, the batch itself last, so that one that was cut off is gone on with. */
export async function deleteBatch(
  database: Database,
  tenant: string,
  id: string,
): Promise<'deleted' | 'not_ended' | 'absent'> {
  const known = await batch(database, tenant, id);
  if (known === null) return 'absent';
  if (known.state !== 'ended' && known.state !== 'uploading') return 'not_ended';
  for (const [name, text] of [
    ['erase_jobs', eraseJobs],
    ['erase_lines', eraseLines],
  ] as const) {
    while ((await database.lazy(name, text, [id])).length > 0);
  }
  const text = `DELETE FROM fleet.batches WHERE id = $1 AND state IN ('ended', 'uploading') RETURNING id`;
  await database.flushed('delete_batch', text, [id]);
  return 'deleted';
}

export async function batchesAtWork(database: Database, limit: number): Promise<Batch[]> {
  const text = `
    SELECT * FROM fleet.batches
    WHERE state <> 'ended' AND (state <> 'uploading' OR expires_at <= now()) ORDER BY id LIMIT $1`;
  return (await database.lazy<BatchRow>('batches_at_work', text, [limit])).map(toBatch);
}

const advance = `
  WITH expiring AS (
    UPDATE fleet.batches SET state = 'expiring', pause_reason = NULL
    WHERE id = $1 AND state IN ('uploading', 'in_progress', 'paused') AND expires_at <= now()
    RETURNING state
  ),
  ended AS (
    UPDATE fleet.batches SET state = 'ended', ended_at = now()
    WHERE id = $1 AND waiting = 0 AND open = 0 AND state IN ('in_progress', 'canceling', 'expiring')
      AND NOT EXISTS (SELECT 1 FROM expiring)
    RETURNING state
  )
  SELECT state FROM ended UNION ALL SELECT state FROM expiring
  UNION ALL
  SELECT state FROM fleet.batches
  WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM ended) AND NOT EXISTS (SELECT 1 FROM expiring)`;

export async function advanceBatch(database: Database, id: string): Promise<BatchState> {
  const [row] = await database.flushed<{ state: BatchState }>('advance_batch', advance, [id]);
  return row?.state ?? 'ended';
}
