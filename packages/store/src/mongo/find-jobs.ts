import type { Job, ReadyJob } from '@mcp-fleet/core';
import type { Database } from './database.ts';
import { type JobDoc, toJob, unended } from './documents.ts';
import { walk } from './walk.ts';

/** Jobs that should be in the queue: see the port. */
export async function unmovedJobs(
  database: Database,
  idle: { idleMs: number; runningIdleMs: number },
  page: { after: string | null; limit: number },
): Promise<ReadyJob[]> {
  const now = database.clock.now().getTime();
  const before = (job: JobDoc) => now - (job.state === 'running' ? idle.runningIdleMs : idle.idleMs);
  const youngest = new Date(now - Math.min(idle.idleMs, idle.runningIdleMs));
  const filter = {
    state: unended,
    joined: { $exists: false },
    updated_at: { $lte: youngest },
    $nor: [{ state: 'waiting' as const, wait_until: null }],
  };
  const projection = { state: 1, session_id: 1, wait_until: 1, updated_at: 1 };
  const found: ReadyJob[] = [];
  for await (const jobs of walk(database.jobs, filter, { projection, after: page.after })) {
    const unmoved = jobs.filter((job) => job.updated_at.getTime() <= before(job));
    for (const job of await ready(database, unmoved)) {
      const dueAt = job.state === 'waiting' ? (job.wait_until?.getTime() ?? now) : now;
      found.push({ jobId: job._id, delayMs: Math.max(0, dueAt - now) });
      if (found.length === page.limit) return found;
    }
  }
  return found;
}

/** Those that have no session, or hold theirs. */
async function ready({ sessions }: Database, jobs: JobDoc[]): Promise<JobDoc[]> {
  const ids = jobs.flatMap((job) => job.session_id ?? []);
  if (ids.length === 0) return jobs;
  const held = await sessions.find({ _id: { $in: ids } }, { projection: { active: 1 } }).toArray();
  const holders = new Set(held.map((session) => session.active));
  return jobs.filter((job) => job.session_id === null || holders.has(job._id));
}

/** Jobs whose deadline has come, and jobs without a step whose expiry has. */
export async function overdueJobs(database: Database, limit: number): Promise<Job[]> {
  const now = database.clock.now();
  const joined = { $exists: false };
  const late = await database.jobs
    .find({ state: unended, joined, deadline: { $lte: now } })
    .limit(limit)
    .toArray();
  const overdue = new Map(late.map((job) => [job._id, job]));
  if (overdue.size < limit) {
    for await (const jobs of walk(database.jobs, { state: unended, joined, expires_at: { $lte: now } })) {
      for (const job of await withoutStep(database, jobs)) overdue.set(job._id, job);
      if (overdue.size >= limit) break;
    }
  }
  return [...overdue.values()].slice(0, limit).map(toJob);
}

/** A job that was never taken has no step, unless it is a replay and began with some. */
async function withoutStep({ steps }: Database, jobs: JobDoc[]): Promise<JobDoc[]> {
  const begun = jobs.filter((job) => job.epoch > 0 || job.replay_of !== undefined).map((job) => job._id);
  if (begun.length === 0) return jobs;
  const recorded = new Set(await steps.distinct('job_id', { job_id: { $in: begun } }));
  return jobs.filter((job) => !recorded.has(job._id));
}
