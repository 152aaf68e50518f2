import type { Claim, Turn } from '@mcp-fleet/core';
import { decodeQuery, decodeStep } from '../record-codec.ts';
import type { Database } from './database.ts';
import type { StepDoc } from './documents.ts';

/** Claims of a job in order. */
export async function readClaims({ claims }: Database, jobId: string): Promise<Claim[]> {
  const docs = await claims.find({ job_id: jobId }).sort({ _id: 1 }).toArray();
  return docs.map(({ round, slot, epoch }) => ({ round, slot, epoch }));
}

/** Steps of jobs, each job's in order. */
export function readSteps({ steps }: Database, jobIds: string[]): Promise<StepDoc[]> {
  return steps
    .find({ job_id: { $in: jobIds } })
    .sort({ job_id: 1, _id: 1 })
    .toArray();
}

/** The bodies of the jobs' last steps in slot 0. */
export async function readLastReplies({ steps }: Database, jobIds: string[]): Promise<Map<string, string>> {
  if (jobIds.length === 0) return new Map();
  const found = steps.aggregate<{ _id: string; body: string }>([
    { $match: { job_id: { $in: jobIds }, _id: /\/000000$/ } },
    { $sort: { job_id: 1, _id: 1 } },
    { $group: { _id: '$job_id', body: { $last: '$body' } } },
  ]);
  return new Map((await found.toArray()).map(({ _id, body }) => [_id, body]));
}

/** The succeeded turns of a session in order, from a turn on. */
export async function readTurns(database: Database, sessionId: string, from: number): Promise<Turn[]> {
  const jobs = await database.jobs
    .find(
      { session_id: sessionId, state: 'succeeded', turn: { $gte: from } },
      { projection: { query: 1, turn: 1 } },
    )
    .sort({ turn: 1 })
    .toArray();
  if (jobs.length === 0) return [];
  const byJob = Map.groupBy(
    await readSteps(
      database,
      jobs.map((job) => job._id),
    ),
    (step) => step.job_id,
  );
  return jobs.map((job) => ({
    jobId: job._id,
    turn: job.turn as number,
    query: decodeQuery(job.query),
    steps: (byJob.get(job._id) ?? []).map((step) => decodeStep(step.body)),
  }));
}
