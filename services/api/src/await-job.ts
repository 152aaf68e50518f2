import { setTimeout as sleep } from 'node:timers/promises';
import { type ContextStore, isTerminal, type Job } from '@mcp-fleet/core';
import type { JobEvents } from './job-events.ts';

/** How often a job that runs in another process is looked at, growing from the first to the second. */
const firstLookMs = 25;
const lastLookMs = 500;

/**
 * Waits until a job has ended, for `waitMs` at the longest, and returns it as it then is. A job that runs in
 * this process is noticed at once, one elsewhere by looking at the store.
 */
export async function awaitJob(
  { store, events }: { store: ContextStore; events: JobEvents },
  tenant: string,
  jobId: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<Job | null> {
  const deadline = performance.now() + waitMs;
  const ended = new AbortController();
  const stop = events.listen(jobId, (event) => {
    if (event.type === 'job_ended') ended.abort();
  });
  try {
    for (let look = firstLookMs; ; look = Math.min(look * 1.5, lastLookMs)) {
      const job = await store.job(tenant, jobId);
      const left = deadline - performance.now();
      if (job === null || isTerminal(job.state) || left <= 0 || signal.aborted) return job;
      const pause = Math.min(look, left);
      await sleep(pause, undefined, { signal: AbortSignal.any([ended.signal, signal]) }).catch(
        () => undefined,
      );
    }
  } finally {
    stop();
  }
}
