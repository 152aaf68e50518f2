import {
  customIdOf,
  type Fence,
  type NewOfflineCall,
  type OfflineAnswer,
  type OfflineCall,
  type UpstreamBatch,
  type WaitingCalls,
} from '@mcp-fleet/core';
import { type StoredOfflineCall, toOfflineCall } from '../offline-codec.ts';
import { encode } from '../record-codec.ts';
import type { Database } from './database.ts';

const readCall = 'SELECT * FROM fleet.offline_calls WHERE job_id = $1';

export async function offlineCall(database: Database, jobId: string): Promise<OfflineCall | null> {
  const [row] = await database.lazy<StoredOfflineCall>('offline_call', readCall, [jobId]);
  return row ? toOfflineCall(row) : null;
}

/** Locks are taken on the job first, here and in `answerCalls`. */
const insertCall = `
  WITH fenced AS (
    UPDATE fleet.jobs SET decided = false WHERE id = $1 AND epoch = $2 AND state = 'running' RETURNING id, tenant
  ),
  asked AS (
    INSERT INTO fleet.offline_calls (job_id, tenant, round, custom_id, model, toolset)
    SELECT id, tenant, $3, $4, $5, $6 FROM fenced
    ON CONFLICT (job_id) DO UPDATE SET
      round = excluded.round, custom_id = excluded.custom_id, model = excluded.model, toolset = excluded.toolset,
      batch_id = NULL, answer = NULL, asked_at = now()
    WHERE offline_calls.round < excluded.round
  )
  SELECT id FROM fenced`;

export async function askOffline(
  database: Database,
  { jobId, epoch }: Fence,
  { round, model, toolset }: NewOfflineCall,
): Promise<'asked' | 'superseded'> {
  const values = [jobId, epoch, round, customIdOf(jobId, round, epoch), model, toolset];
  const rows = await database.flushed('ask_offline', insertCall, values);
  return rows.length === 1 ? 'asked' : 'superseded';
}

const deleteCall = `
  DELETE FROM fleet.offline_calls c USING fleet.jobs j
  WHERE c.job_id = $1 AND c.custom_id = $3 AND j.id = c.job_id AND j.epoch = $2 AND j.state = 'running'
    AND CASE WHEN $4 THEN c.answer IS NOT NULL ELSE c.answer IS NULL AND c.batch_id IS NULL END
  RETURNING 1 AS withdrawn`;

export async function withdrawCall(database: Database, fence: Fence, call: OfflineCall): Promise<boolean> {
  const values = [fence.jobId, fence.epoch, call.customId, call.answer !== null];
  return (await database.flushed('withdraw_call', deleteCall, values)).length === 1;
}

const countWaiting = `
  SELECT model, count(*)::int AS count, (extract(epoch FROM now() - min(asked_at)) * 1000)::float8 AS "oldestMs"
  FROM fleet.offline_calls WHERE batch_id IS NULL AND answer IS NULL GROUP BY model ORDER BY model`;

export function waitingCalls(database: Database): Promise<WaitingCalls[]> {
  return database.lazy<WaitingCalls>('waiting_calls', countWaiting, []);
}

const claimOldest = `
  WITH oldest AS (
    SELECT job_id FROM fleet.offline_calls WHERE model = $2 AND batch_id IS NULL AND answer IS NULL
    ORDER BY asked_at LIMIT $3 FOR UPDATE SKIP LOCKED
  ),
  claimed AS (
    UPDATE fleet.offline_calls c SET batch_id = $1 FROM oldest WHERE c.job_id = oldest.job_id RETURNING c.*
  ),
  recorded AS (
    INSERT INTO fleet.upstream_batches (id, model, began_at)
    SELECT $1, $2, min(asked_at) FROM claimed HAVING count(*) > 0
  )
  SELECT * FROM claimed ORDER BY job_id`;

export async function claimCalls(
  database: Database,
  { id, model }: Pick<UpstreamBatch, 'id' | 'model'>,
  limit: number,
): Promise<OfflineCall[]> {
  const rows = await database.flushed<StoredOfflineCall>('claim_calls', claimOldest, [id, model, limit]);
  return rows.map(toOfflineCall);
}

const readUnanswered = `
  SELECT * FROM fleet.offline_calls WHERE batch_id = $1 AND answer IS NULL ORDER BY job_id`;

export async function unansweredCalls(database: Database, batchId: string): Promise<OfflineCall[]> {
  const rows = await database.lazy<StoredOfflineCall>('unanswered_calls', readUnanswered, [batchId]);
  return rows.map(toOfflineCall);
}

const ofBatch = `batch_id = $1 AND answer IS NULL AND ($2::text[] IS NULL OR job_id = ANY($2))`;
const giveBack = `UPDATE fleet.offline_calls SET batch_id = NULL WHERE ${ofBatch}`;
const discard = `DELETE FROM fleet.offline_calls WHERE ${ofBatch}`;

export async function releaseCalls(
  database: Database,
  batchId: string,
  jobIds: readonly string[] | null,
  how: 'again' | 'gone',
): Promise<void> {
  const values = [batchId, jobIds];
  if (how === 'again') await database.flushed('give_back_calls', giveBack, values);
  else await database.flushed('discard_calls', discard, values);
}

/**
 * The call is looked at again once its job is locked: a job that went on meanwhile may have asked for its next
 * round.
 */
const writeAnswers = `
  WITH given AS (SELECT * FROM unnest($2::text[], $3::text[]) AS a (custom_id, answer)),
  target AS (
    SELECT c.job_id, c.custom_id, given.answer FROM fleet.offline_calls c JOIN given USING (custom_id)
    WHERE c.batch_id = $1 AND c.answer IS NULL
  ),
  woken AS (
    UPDATE fleet.jobs j SET decided = true,
      wait_until = CASE WHEN j.state = 'waiting' AND j.wait_reason = 'upstream_batch' THEN least(j.wait_until, now())
                        ELSE j.wait_until END
    FROM target
    WHERE j.id = target.job_id AND j.state IN ('queued', 'running', 'waiting')
    RETURNING j.id
  )
  UPDATE fleet.offline_calls c SET answer = target.answer
  FROM target, woken
  WHERE c.job_id = woken.id AND c.custom_id = target.custom_id AND c.batch_id = $1 AND c.answer IS NULL
  RETURNING c.job_id`;

export async function answerCalls(
  database: Database,
  batchId: string,
  answers: ReadonlyMap<string, OfflineAnswer>,
): Promise<string[]> {
  const values = [batchId, [...answers.keys()], [...answers.values()].map(encode)];
  const rows = await database.flushed<{ job_id: string }>('answer_calls', writeAnswers, values);
  return rows.map((row) => row.job_id);
}

const dropEnded = `
  DELETE FROM fleet.offline_calls WHERE job_id IN (
    SELECT c.job_id FROM fleet.offline_calls c
      LEFT JOIN fleet.jobs j ON j.id = c.job_id
      LEFT JOIN fleet.upstream_batches b ON b.id = c.batch_id
    WHERE (j.id IS NULL OR j.state NOT IN ('queued', 'running', 'waiting'))
      AND (b.id IS NULL OR b.state IN ('ended', 'not_created'))
    LIMIT $1)
  RETURNING 1 AS dropped`;

export async function dropOfflineCalls(database: Database, limit: number): Promise<number> {
  return (await database.lazy('drop_offline_calls', dropEnded, [limit])).length;
}
