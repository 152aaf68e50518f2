import type { Accepted, NewJob } from '@mcp-fleet/core';
import type { ApiParts } from './parts.ts';
import { stopJob } from './stop-job.ts';
import { wake } from './wake.ts';

/**
 * Makes a job durable and sees to what its busy policy asks of the turn ahead of it. Everything after the
 * accept can fail without loss: the reconciler enqueues, and a policy that could not be carried out leaves the
 * job waiting for its turn.
 */
export async function acceptJob(parts: ApiParts, job: NewJob): Promise<Accepted> {
  const accepted = await parts.store.accept(job);
  if (accepted.ready) parts.enqueuer.add({ jobId: job.id, delayMs: untilStart(job) });
  if (accepted.ahead !== null) await makeWay(parts, job, accepted.ahead);
  return accepted;
}

const untilStart = ({ notBefore }: NewJob): number =>
  notBefore === null ? 0 : Math.max(0, notBefore.getTime() - Date.now());

async function makeWay(parts: ApiParts, job: NewJob, ahead: string): Promise<void> {
  try {
    if (job.onBusy === 'steer') await parts.signals.publish({ kind: 'join', jobIds: [ahead] });
    if (job.onBusy === 'rollback') await stopJob(parts, job.tenant, ahead);
    if (job.onBusy === 'interrupt' && (await parts.store.interrupt(job.tenant, ahead))) {
      await parts.signals.publish({ kind: 'interrupt', jobIds: [ahead] });
      await wake(parts, ahead);
    }
  } catch (thrown) {
    parts.logger.warn({ jobId: job.id, ahead, err: thrown }, 'the turn ahead was not stopped; the job waits');
  }
}
