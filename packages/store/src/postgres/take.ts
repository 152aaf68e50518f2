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
      AND (j.state IN ('queued', 'running') OR (j.state = 'waiting' AND j.wait_until <= now()))
      AND (j.session_id IS NULL
           OR EXISTS (SELECT 1 FROM fleet.sessions h WHERE h.id = j.session_id AND h.active_job = j.id))
    RETURNING j.*
  )
  SELECT taken.*, to_json(s.*) AS session,
    ${stepsJson('taken.id')} AS steps,
    (SELECT json_agg(json_build_object('round', c.round, 'slot', c.slot, 'epoch', c.epoch))
       FROM fleet.claims c WHERE c.job_id = taken.id) AS claims,
    CASE WHEN s.id IS NULL THEN '[]' ELSE ${turnsJson('s.id', 's.context_from')} END AS turns
  FROM taken LEFT JOIN fleet.sessions s ON s.id = taken.session_id`;

const readState = `
  SELECT j.id, j.state, j.format, j.wait_until, j.session_id, h.active_job
  FROM fleet.jobs j LEFT JOIN fleet.sessions h ON h.id = j.session_id WHERE j.id = $1`;

interface TakenRow extends JobRow {
  session: SessionRow | null;
  steps: string;
  claims: Claim[] | null;
  turns: string;
}

type StateRow = Pick<JobRow, 'id' | 'state' | 'format' | 'wait_until' | 'session_id'> & {
  active_job: string | null;
};

/**
 * Lazily flushed: should the database lose a take, an epoch may be given out twice, but a claim or a settle
 * under it would have flushed the take as well, and everything else is guarded by positions.
 */
export async function take(database: Database, jobId: string): Promise<Take> {
  const [row] = await database.lazy<TakenRow>('take', takeJob, [jobId, jobFormat]);
  if (!row) return whyNot(database, jobId);
  return {
    kind: 'taken',
    job: toJob(row),
    session: row.session === null ? null : toSession(withDates(row.session)),
    steps: parseSteps(row.steps),
    claims: (row.claims ?? []).filter((claim) => claim.epoch < row.epoch),
    turns: parseTurns(row.turns),
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
  if (row.state === 'waiting' && row.wait_until !== null) return { kind: 'waiting', until: row.wait_until };
  return { kind: 'blocked' };
}
