import type { ApiParts } from './parts.ts';

/** Makes a job due that waited; one that the queue does not have is put in. */
export async function wake(parts: ApiParts, jobId: string): Promise<void> {
  try {
    if ((await parts.queue.promote([jobId])) === 0) await parts.queue.add(jobId);
  } catch (thrown) {
    parts.logger.warn({ jobId, err: thrown }, 'a job that is due is left to the reconciler');
  }
}
