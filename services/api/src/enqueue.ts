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
