import type { ApiParts } from './parts.ts';

/** The jobs are durable already: should the queue be away, the reconciler puts their ids in later. */
export async function enqueue(
  parts: ApiParts,
  jobs: readonly { jobId: string; delayMs?: number }[],
): Promise<void> {
  try {
    await parts.queue.addMany(jobs);
  } catch (thrown) {
    const jobIds = jobs.map((job) => job.jobId);
    parts.logger.warn({ jobIds, err: thrown }, 'accepted jobs are left to the reconciler');
  }
}

/** Makes a job due that waited; one that the queue does not have is put in. */
export async function wake(parts: ApiParts, jobId: string): Promise<void> {
  try {
    if ((await parts.queue.promote([jobId])) === 0) await parts.queue.add(jobId);
  } catch (thrown) {
    parts.logger.warn({ jobId, err: thrown }, 'a job that is due is left to the reconciler');
  }
}
