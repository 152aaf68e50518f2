import type { ContextStore } from './context-store.ts';
import type { Job, JobError, TerminalState } from './job.ts';
import { isTerminal, totalsOf } from './job.ts';

/** What ending a job from outside came to. `next` is to be put into the queue. */
export type EndedJob =
  | { kind: 'ended'; job: Job; wasRunning: boolean; next: string | null }
  /** It had ended before, as `job` says. */
  | { kind: 'already'; job: Job }
  | { kind: 'absent' };

/**
 * Ends a job that no worker has to agree to: it is canceled, has expired, or its deadline has come. A worker
 * that holds it is superseded, and should be told, so that it stops at once.
 */
export async function endJob(
  store: Pick<ContextStore, 'job' | 'steps' | 'end'>,
  tenant: string,
  jobId: string,
  end: { state: TerminalState; error: JobError | null },
): Promise<EndedJob> {
  for (;;) {
    const job = await store.job(tenant, jobId);
    if (job === null) return { kind: 'absent' };
    if (isTerminal(job.state)) return { kind: 'already', job };
    const steps = await store.steps(jobId);
    const joined = steps.flatMap((step) => (step.kind === 'steer' ? step.jobs : []));
    const ended = await store.end(
      { jobId, tenant: job.tenant, sessionId: job.sessionId, epoch: job.epoch },
      { ...end, step: null, answer: null, stopReason: null, totals: totalsOf(steps), joined },
    );
    if (ended.kind !== 'settled') continue;
    return { kind: 'ended', job, wasRunning: job.state === 'running', next: ended.next };
  }
}
