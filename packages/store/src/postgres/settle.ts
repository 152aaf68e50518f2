import type { Ending, Fence, Settled } from '@mcp-fleet/core';
import { encode, encodeStep } from '../record-codec.ts';
import type { Database } from './database.ts';
import { nextJob, passSession } from './pass-session.ts';
import { standingStep } from './record-step.ts';

/** The final step, the job's end and the passing of the session in one statement. */
const settleJob = `
  WITH fenced AS (
    SELECT id, session_id FROM fleet.jobs WHERE id = $1 AND epoch = $2 AND state = 'running'
  ),
  final AS (
    INSERT INTO fleet.steps (job_id, round, slot, body)
    SELECT id, $3::int, $4::int, $5::text FROM fenced WHERE $5::text IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING 1
  ),
  ended AS (
    UPDATE fleet.jobs SET
      state = $6, answer = $7, stop_reason = $8, error = $9, totals = $10, ended_at = now(), updated_at = now()
    WHERE id = $1 AND epoch = $2 AND state = 'running' AND ($5::text IS NULL OR EXISTS (SELECT 1 FROM final))
    RETURNING session_id
  ),
  seen AS (
    SELECT s.id, s.next_turn FROM fleet.sessions s JOIN fenced ON s.id = fenced.session_id WHERE s.active_job = $1
  ),
  ${nextJob('(SELECT session_id FROM fenced)', '$1')},
  passed AS (
    UPDATE fleet.sessions h SET active_job = (SELECT id FROM next), updated_at = now()
    FROM seen, ended
    WHERE h.id = seen.id AND h.active_job = $1 AND h.next_turn = seen.next_turn
    RETURNING h.active_job
  )
  SELECT (SELECT count(*)::int FROM fenced) AS fenced,
    (SELECT count(*)::int FROM ended) AS ended,
    (SELECT session_id FROM ended) AS session_id,
    (SELECT count(*)::int FROM passed) AS passed,
    (SELECT active_job FROM passed) AS next`;

interface SettledRow {
  fenced: number;
  ended: number;
  session_id: string | null;
  passed: number;
  next: string | null;
}

export async function settle(database: Database, fence: Fence, ending: Ending): Promise<Settled> {
  const { step } = ending;
  const [row] = await database.flushed<SettledRow>('settle', settleJob, [
    fence.jobId,
    fence.epoch,
    step?.round ?? null,
    step?.slot ?? null,
    step === null ? null : encodeStep(step),
    ending.state,
    ending.answer,
    ending.stopReason,
    ending.error === null ? null : encode(ending.error),
    encode(ending.totals),
  ]);
  if (row?.ended === 1) {
    const { session_id: session } = row;
    if (session === null || row.passed === 1) return { kind: 'settled', next: row.next };
    return { kind: 'settled', next: await passSession(database, session, fence.jobId) };
  }
  if (step === null || row?.fenced !== 1) return { kind: 'superseded' };
  const standing = await standingStep(database, fence, step);
  return standing === null ? { kind: 'superseded' } : { kind: 'taken', step: standing };
}
