import { endJob, type Job, type JobError, type TerminalState } from '@mcp-fleet/core';
import type { ReconcilerParts } from './parts.ts';

const most = 1_000;

/**
 * Ends jobs whose deadline has come, and those that nobody started before they expired. The worker that holds
 * one usually is earlier; this is for those that no worker holds.
 */
export async function endOverdue({ store, queue, signals, metrics, logger }: ReconcilerParts): Promise<void> {
  for (const job of await store.overdueJobs(most)) {
    const end = endOf(job);
    const ended = await endJob(store, job.tenant, job.id, end);
    if (ended.kind !== 'ended') continue;
    logger.info({ jobId: job.id, tenant: job.tenant, state: end.state, code: end.error?.code }, 'job ended');
    metrics.repaired(end.error ? 'deadline_passed' : 'job_expired', 1);
    if (ended.wasRunning) await signals.publish({ kind: 'stop', jobIds: [job.id] });
    if (ended.next !== null) await queue.add(ended.next);
  }
}

/** A job with a step has begun, so that only its deadline can have come. */
function endOf(job: Job): { state: TerminalState; error: JobError | null } {
  const { deadline, expiresAt } = job;
  const expiredFirst = expiresAt !== null && (deadline === null || expiresAt < deadline) && job.epoch === 0;
  if (expiredFirst) return { state: 'expired', error: null };
  if (deadline === null) return { state: 'expired', error: null };
  const message = `The job had not ended by its deadline, ${deadline.toISOString()}.`;
  return { state: 'failed', error: { code: 'deadline_exceeded', message } };
}
