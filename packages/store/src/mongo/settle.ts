import type { Ending, Fence, Settled } from '@mcp-fleet/core';
import { encode } from '../record-codec.ts';
import { type Database, flushed } from './database.ts';
import { passSession } from './pass-session.ts';
import { recordStep } from './record-step.ts';

/**
 * The final step, then the job's end, then the passing of the session. A crash after the first is finished by
 * the next taker, who finds a final reply in the record; one after the second by whoever looks at the job.
 */
export async function settle(database: Database, fence: Fence, ending: Ending): Promise<Settled> {
  if (ending.step !== null) {
    const recorded = await recordStep(database, fence, ending.step, true);
    if (recorded.kind !== 'recorded') return recorded;
  }
  const now = new Date();
  const ended = await database.jobs.findOneAndUpdate(
    { _id: fence.jobId, epoch: fence.epoch, state: 'running' },
    {
      $set: {
        state: ending.state,
        answer: ending.answer,
        stop_reason: ending.stopReason,
        error: ending.error === null ? null : encode(ending.error),
        totals: encode(ending.totals),
        ended_at: now,
        updated_at: now,
      },
    },
    { ...flushed, projection: { session_id: 1 } },
  );
  if (!ended) return { kind: 'superseded' };
  const next = ended.session_id === null ? null : await passSession(database, ended.session_id, fence.jobId);
  return { kind: 'settled', next };
}
