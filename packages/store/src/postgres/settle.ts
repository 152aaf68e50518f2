import type { Ending, Fence, HeldJob, Settled } from '@mcp-fleet/core';
import { totalsOf } from '@mcp-fleet/core';
import { partOf } from '../day-cost-parts.ts';
import { encode, encodeStep } from '../record-codec.ts';
import type { Database } from './database.ts';
import { countCost } from './day-costs.ts';
import { nextJob, passSession } from './pass-session.ts';
import { standingStep } from './record-step.ts';

/**
 * The final step, the job's end, the end of those that joined it and the passing of the session in one
 * statement. `states` are those that the job may be in; `raise` is added to its epoch.
 */
const endJob = (states: string, raise: number) => `
  WITH fenced AS (
    SELECT id, session_id FROM fleet.jobs WHERE id = $1 AND epoch = $2 AND state IN (${states})
  ),
  final AS (
    INSERT INTO fleet.steps (job_id, round, slot, body)
    SELECT id, $3::int, $4::int, $5::text FROM fenced WHERE $5::text IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING 1
  ),
  ended AS (
    UPDATE fleet.jobs SET
      state = $6, answer = $7, stop_reason = $8, error = $9, error_code = $10, totals = $11,
      epoch = epoch + ${raise}, wait_until = NULL, wait_reason = NULL, ended_at = now(), updated_at = now()
    WHERE id = $1 AND epoch = $2 AND state IN (${states})
      AND ($5::text IS NULL OR EXISTS (SELECT 1 FROM final))
    RETURNING session_id, tenant
  ),
  ${countCost('ended', '$14', '$15')},
  ended_with_it AS (
    UPDATE fleet.jobs j SET
      state = $6, answer = $7, stop_reason = $8, error = $9, error_code = $10, totals = $13,
      ended_at = now(), updated_at = now()
    FROM ended WHERE j.joined = $1 AND j.state = 'waiting' AND j.id = ANY($12::text[])
  ),
  returned AS (
    UPDATE fleet.jobs j SET state = 'queued', joined = NULL, updated_at = now()
    FROM ended WHERE j.joined = $1 AND j.state = 'waiting' AND j.id <> ALL($12::text[])
  ),
  seen AS (
    SELECT s.id, s.next_turn FROM fleet.sessions s JOIN fenced ON s.id = fenced.session_id WHERE s.active_job = $1
  ),
  ${nextJob('(SELECT session_id FROM fenced)', '$1', '$12::text[]')},
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

const settleRunning = endJob(`'running'`, 0);
const endUnended = endJob(`'queued', 'running', 'waiting'`, 1);

interface EndedRow {
  fenced: number;
  ended: number;
  session_id: string | null;
  passed: number;
  next: string | null;
}

export async function settle(database: Database, fence: Fence, ending: Ending): Promise<Settled> {
  const settled = await finish(database, 'settle', settleRunning, fence, ending);
  if (settled !== 'refused') return settled;
  const { step } = ending;
  const standing = step === null ? null : await standingStep(database, fence, step);
  return standing === null ? { kind: 'superseded' } : { kind: 'taken', step: standing };
}

export async function end(database: Database, job: HeldJob, ending: Ending): Promise<Settled> {
  const settled = await finish(database, 'end', endUnended, job, ending);
  return settled === 'refused' ? { kind: 'superseded' } : settled;
}

async function finish(
  database: Database,
  name: string,
  text: string,
  fence: HeldJob,
  ending: Ending,
): Promise<Settled | 'refused'> {
  const { step, error } = ending;
  const [row] = await database.flushed<EndedRow>(name, text, [
    fence.jobId,
    fence.epoch,
    step?.round ?? null,
    step?.slot ?? null,
    step === null ? null : encodeStep(step),
    ending.state,
    ending.answer,
    ending.stopReason,
    error === null ? null : encode(error),
    error?.code ?? null,
    encode(ending.totals),
    ending.joined ?? [],
    encode(totalsOf([])),
    ending.totals.cost ?? 0,
    partOf(fence.jobId),
  ]);
  if (row?.ended !== 1) return 'refused';
  if (row.session_id === null || row.passed === 1) return { kind: 'settled', next: row.next };
  return { kind: 'settled', next: await passSession(database, row.session_id, fence.jobId) };
}
