import { type Running, recordStep, Superseded } from './running.ts';
import type { SteerStep } from './step.ts';

/**
 * Lets the queries that were sent to steer this turn join it before the model call of `round`: they become
 * a step of the record, and their jobs end as this one ends.
 */
export async function joinQueries(running: Running, round: number): Promise<void> {
  running.requests.join = false;
  if (running.record.lastReply?.stopReason === 'pause_turn') return;
  const queries = await running.ports.store.join(running.fence);
  if (queries === 'superseded') throw new Superseded();
  const joined = joinedIn(running);
  running.joined = joined;
  const fresh = queries.filter((query) => !joined.includes(query.jobId));
  if (fresh.length === 0) return;
  const step: SteerStep = {
    kind: 'steer',
    round,
    slot: -1,
    content: fresh.flatMap((query) => query.query),
    jobs: fresh.map((query) => query.jobId),
  };
  await recordStep(running, step);
  running.joined = joinedIn(running);
  running.emit({ type: 'query_joined', round, jobs: step.jobs });
}

/** The jobs whose queries stand in the record. */
export function joinedIn(running: Pick<Running, 'record'>): string[] {
  return running.record.steps.flatMap((step) => (step.kind === 'steer' ? step.jobs : []));
}
