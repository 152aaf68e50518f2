import { setTimeout as sleep } from 'node:timers/promises';
import { type ContextStore, isTerminal, type Job } from '@mcp-fleet/core';
import type { JobEvents } from './job-events.ts';
import type { JobWatch } from './job-watch.ts';

/** How often a job that runs in another process is looked at, growing from the first to the second. */
const firstLookMs = 25;
const lastLookMs = 2_000;

/**
 * Waits until a job has ended, for `waitMs` at the longest, and returns it as it then is. A job that runs in
 * this process is noticed at once, one elsewhere when its worker says so, or by looking at the store.
 */
export async function awaitJob(
  { store, events, watch }: { store: ContextStore; events: JobEvents; watch: JobWatch },
  tenant: string,
  jobId: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<Job | null> {
  const deadline = performance.now() + waitMs;
  let wake = new AbortController();
  const stopListening = events.listen(jobId, (event) => {
    if (event.type === 'job_ended') wake.abort();
  });
  const stopFollowing = waitMs > 0 ? watch.follow(jobId, () => wake.abort()) : () => undefined;
  try {
    for (let look = firstLookMs; ; look = Math.min(look * 1.5, lastLookMs)) {
      wake = new AbortController();
      const job = await store.job(tenant, jobId);
      const left = deadline - performance.now();
      if (job === null || isTerminal(job.state) || left <= 0 || signal.aborted) return job;
      const pause = Math.min(look, left);
      await sleep(pause, undefined, { signal: AbortSignal.any([wake.signal, signal]) }).catch(
        () => undefined,
      );
    }
  } finally {
    stopListening();
    stopFollowing();
  }
}
