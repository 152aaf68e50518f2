import { randomUUID } from 'node:crypto';
import { type Claim, isTerminal, jobFormat, type Take } from '@mcp-fleet/core';
import type { Database } from './database.ts';
import { passSession } from './pass-session.ts';
import {
  type JobRow,
  parseSteps,
  parseTurns,
  type SessionRow,
  stepsJson,
  toJob,
  toSession,
  turnsJson,
} from './rows.ts';

/**
 * Takes the job and reads all that is needed to go on with it. `crashes` counts takes of a job whose last
 * worker never handed it back, as long as no step was added in between.
 */
const takeJob = `
  WITH recorded AS (SELECT count(*)::int AS n FROM fleet.steps WHERE job_id = $1),
  taken AS (
    UPDATE fleet.jobs j SET
      epoch = j.epoch + 1,
      state = 'running',
      started_at = coalesce(j.started_at, now()),
      updated_at = now(),
      wait_until = NULL,
      wait_reason = NULL,
      crashes = CASE WHEN j.state <> 'running' THEN j.crashes
                     WHEN j.crash_steps = recorded.n THEN j.crashes + 1 ELSE 1 END,
      crash_steps = CASE WHEN j.state = 'running' THEN recorded.n ELSE j.crash_steps END
    FROM recorded
    WHERE j.id = $1 AND j.format <= $2
      AND (j.state IN ('queued', 'running') OR (j.state = 'waiting' AND j.joined IS NULL AND j.wait_until <= now()))
      AND (j.session_id IS NULL
           OR EXISTS (SELECT 1 FROM fleet.sessions h WHERE h.id = j.session_id AND h.active_job = j.id))
    RETURNING j.*
  )
  SELECT taken.*, to_json(s.*) AS session,
    (extract(epoch FROM taken.deadline - now()) * 1000)::float8 AS left_ms,
    coalesce(taken.expires_at <= now(), false) AS expired,
    taken.session_id IS NOT NULL AND (
      EXISTS (SELECT 1 FROM fleet.jobs q
        WHERE q.session_id = taken.session_id AND q.steers AND q.state = 'queued' AND q.id <> taken.id)
      OR EXISTS (SELECT 1 FROM fleet.jobs q WHERE q.joined = taken.id AND q.state = 'waiting')) AS steered,
    taken.batch_id IS NOT NULL AND EXISTS (SELECT 1 FROM fleet.batches b WHERE b.id = taken.batch_id
      AND (b.budget_cost IS NOT NULL OR b.budget_tokens IS NOT NULL)) AS batch_budgeted,
    ${stepsJson('taken.id')} AS steps,
    (SELECT json_agg(json_build_object('round', c.round, 'slot', c.slot, 'epoch', c.epoch))
       FROM fleet.claims c WHERE c.job_id = taken.id) AS claims,
    CASE WHEN s.id IS NULL THEN '[]' ELSE ${turnsJson('s.id', 's.context_from')} END AS turns
  FROM taken LEFT JOIN fleet.sessions s ON s.id = taken.session_id`;

const readState = `
  SELECT j.id, j.state, j.format, j.joined, (extract(epoch FROM j.wait_until - now()) * 1000)::float8 AS wait_ms, j.session_id, h.active_job
  FROM fleet.jobs j LEFT JOIN fleet.sessions h ON h.id = j.session_id WHERE j.id = $1`;

interface TakenRow extends JobRow {
  session: SessionRow | null;
  steps: string;
  claims: Claim[] | null;
  turns: string;
  steered: boolean;
  batch_budgeted: boolean;
  left_ms: number | null;
  expired: boolean;
}

type StateRow = Pick<JobRow, 'id' | 'state' | 'format' | 'joined' | 'session_id'> & {
  wait_ms: number | null;
  active_job: string | null;
};

/**
 * Flushed lazily unless `durable`: should the database lose a take, an epoch may be given out twice. Positions guard the steps
 * then, the owner guards the claims, and only one can settle.
 */
export async function take(database: Database, jobId: string, durable: boolean): Promise<Take> {
  const values = [jobId, jobFormat];
  const [row] = durable
    ? await database.flushed<TakenRow>('take', takeJob, values)
    : await database.lazy<TakenRow>('take', takeJob, values);
  if (!row) return whyNot(database, jobId);
  return {
    kind: 'taken',
    job: toJob(row),
    session: row.session === null ? null : toSession(withDates(row.session)),
    steps: parseSteps(row.steps),
    claims: row.claims ?? [],
    turns: parseTurns(row.turns),
    steered: row.steered,
    batchBudgeted: row.batch_budgeted,
    owner: randomUUID(),
    leftMs: row.left_ms,
    expired: row.expired,
  };
}

function withDates(session: SessionRow): SessionRow {
  return { ...session, created_at: new Date(session.created_at), updated_at: new Date(session.updated_at) };
}

async function whyNot(database: Database, jobId: string): Promise<Take> {
  const [row] = await database.lazy<StateRow>('job_state', readState, [jobId]);
  if (!row) return { kind: 'absent' };
  if (isTerminal(row.state)) {
    const holds = row.session_id !== null && row.active_job === row.id;
    const next = holds ? await passSession(database, row.session_id as string, row.id) : null;
    return { kind: 'ended', state: row.state, next };
  }
  if (row.format > jobFormat) return { kind: 'newer_format', format: row.format };
  if (row.state === 'waiting' && row.joined === null) {
    if (row.wait_ms === null) return { kind: 'waiting', waitMs: null };
    if (row.wait_ms > 0) return { kind: 'waiting', waitMs: Math.ceil(row.wait_ms) };
  }
  return { kind: 'blocked' };
}
