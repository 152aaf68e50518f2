import { setTimeout as sleep } from 'node:timers/promises';
import { type ContextStore, isTerminal, type Job } from '@mcp-fleet/core';
import type { JobEvents } from './job-events.ts';
import type { JobWatch } from './job-watch.ts';

/**
 * How soon the store is looked at again, growing from the first to the second: a job may have ended before its worker knew that
 * somebody waits, and what a worker says can be lost.
 */
const firstLookMs = 25;
const lastLookMs = 2_000;
const growth = 4;

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
  const stopFollowing =
    waitMs > 0 ? watch.follow(jobId, (mayHaveEnded) => mayHaveEnded && wake.abort()) : () => undefined;
  try {
    for (let look = firstLookMs; ; look = Math.min(look * growth, lastLookMs)) {
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
