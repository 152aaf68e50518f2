import type { ContextStore } from './context-store.ts';
import { FleetError } from './errors.ts';
import { isTerminal, type Job, type NewJob, plainJob } from './job.ts';
import { comparePositions, type Step } from './step.ts';

/** `tail` goes on behind the last recorded step; `scratch` asks the query again from its beginning. */
export type ReplayFrom = 'tail' | 'scratch';

/**
 * Makes the job that repeats an ended one: same query, agent and session, at the end of the session's order.
 * The ended job stays as it ended. From the tail, recorded replies and results are taken over, so that they
 * are not paid for again, and calls whose outcome is unknown stay so.
 *
 * Throws `job_not_ended` for a job that has not ended.
 */
export async function replayOf(
  store: Pick<ContextStore, 'steps' | 'claims'>,
  job: Job,
  from: ReplayFrom,
  id: string,
): Promise<NewJob> {
  if (!isTerminal(job.state)) {
    throw new FleetError(
      'job_not_ended',
      `Job ${job.id} is ${job.state}. Only a job that has ended is replayed.`,
    );
  }
  return {
    ...plainJob,
    id,
    tenant: job.tenant,
    sessionId: job.sessionId,
    agent: job.agent,
    context: job.context,
    query: job.query,
    metadata: job.metadata,
    webhook: job.webhook,
    budget: job.budget,
    replay: { of: job.id, ...(from === 'tail' ? await tail(store, job) : { steps: [], claims: [] }) },
  };
}

async function tail(
  store: Pick<ContextStore, 'steps' | 'claims'>,
  job: Job,
): Promise<{ steps: Step[]; claims: { round: number; slot: number }[] }> {
  const [recorded, claims] = await Promise.all([store.steps(job.id), store.claims(job.id)]);
  const steps = recorded.map((step) =>
    step.kind === 'reply' ? { ...step, recordedBy: step.recordedBy ?? job.id } : step,
  );
  const open = claims.filter((claim) => !recorded.some((step) => comparePositions(step, claim) === 0));
  return { steps, claims: open.map(({ round, slot }) => ({ round, slot })) };
}
