import { type EndedJob, endJob } from '@mcp-fleet/core';
import type { ApiParts } from './parts.ts';

/** Cancels a job, tells the worker that may run it, and lets its session go on. */
export async function stopJob(parts: ApiParts, tenant: string, jobId: string): Promise<EndedJob> {
  const ended = await endJob(parts.store, tenant, jobId, { state: 'canceled', error: null });
  if (ended.kind !== 'ended') return ended;
  parts.logger.info({ jobId, tenant, state: 'canceled' }, 'job ended');
  if (ended.wasRunning) await parts.signals.publish({ kind: 'stop', jobIds: [jobId] });
  if (ended.next !== null) parts.enqueuer.add({ jobId: ended.next });
  return ended;
}
