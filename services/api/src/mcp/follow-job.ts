import type { FleetClient, Job } from '@mcp-fleet/client';
import type { TellProgress } from './job-progress.ts';

/** Seconds that one request stays open when nobody asked for progress. */
const longestLook = 30;

/** Seconds between looks for new steps: from the first to the last while there are none. */
const firstLook = 0.5;
const lastLook = 4;

/**
 * Waits until a job has ended, for so many seconds at the longest, and returns it as it then is. With `tell`,
 * its steps are told as they come, the last of them before this returns. An aborted wait leaves the job alone.
 */
export async function followJob(
  client: FleetClient,
  id: string,
  { seconds, tell, signal }: { seconds: number; tell: TellProgress | null; signal: AbortSignal },
): Promise<Job> {
  const deadline = performance.now() + seconds * 1000;
  let job = await client.jobs.get(id, { signal });
  for (let look = firstLook; ; ) {
    const isNew = tell !== null && (await tell(job, signal));
    const left = (deadline - performance.now()) / 1000;
    if (job.ended_at !== null || left <= 0) return job;
    look = isNew ? firstLook : Math.min(look * 2, lastLook);
    job = await client.jobs.get(id, { wait: Math.min(tell ? look : longestLook, left), signal });
  }
}
