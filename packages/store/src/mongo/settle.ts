import type { Ending, Fence, HeldJob, Settled } from '@mcp-fleet/core';
import { encode } from '../record-codec.ts';
import { type Database, flushed } from './database.ts';
import { countCost } from './day-costs.ts';
import { type EndChange, unended } from './documents.ts';
import { endJoined } from './join.ts';
import { passSession } from './pass-session.ts';
import { recordStep } from './record-step.ts';

/**
 * The final step, then the job's end, then that of the jobs that joined it, then the passing of the session. A
 * crash after the first is finished by the next taker, who finds a final reply in the record; a later one by
 * whoever looks at the job.
 */
export async function settle(database: Database, fence: Fence, ending: Ending): Promise<Settled> {
  if (ending.step !== null) {
    const recorded = await recordStep(database, fence, ending.step, true);
    if (recorded.kind !== 'recorded') return recorded;
  }
  return finish(database, fence, ending, { state: 'running', epoch: fence.epoch });
}

/** Ends a job from outside, whatever it is doing, and raises its epoch, so that its worker is superseded. */
export function end(database: Database, job: HeldJob, ending: Ending): Promise<Settled> {
  return finish(database, job, ending, { state: unended, epoch: job.epoch + 1 });
}

async function finish(
  database: Database,
  fence: HeldJob,
  ending: Ending,
  to: { state: 'running' | typeof unended; epoch: number },
): Promise<Settled> {
  const now = database.clock.now();
  const change: EndChange = {
    state: ending.state,
    answer: ending.answer,
    stop_reason: ending.stopReason,
    error: ending.error === null ? null : encode(ending.error),
    error_code: ending.error?.code ?? null,
  };
  const standing = { _id: fence.jobId, epoch: fence.epoch, state: to.state };
  const set = {
    $set: {
      ...change,
      epoch: to.epoch,
      totals: encode(ending.totals),
      wait_until: null,
      wait_reason: null,
      ended_at: now,
      updated_at: now,
    },
  };
  // The tenant comes with the write, without a round trip of its own; its counter is raised beside the session.
  const ended = await database.jobs.findOneAndUpdate(standing, set, {
    ...flushed,
    projection: { tenant: 1 },
  });
  if (ended === null) return { kind: 'superseded' };
  const passOn = async () => {
    if (ending.joined !== null) await endJoined(database, fence.jobId, change, ending.joined);
    return fence.sessionId === null ? null : passSession(database, fence.sessionId, fence.jobId);
  };
  const job = { id: fence.jobId, tenant: ended.tenant };
  const [next] = await Promise.all([passOn(), countCost(database, job, ending.totals.cost ?? 0)]);
  return { kind: 'settled', next };
}
