import { type FollowedJob, isTerminal, type Progress } from '@mcp-fleet/core';
import type { Filter } from 'mongodb';
import { decodeStep } from '../record-codec.ts';
import type { Database } from './database.ts';
import { positionKey, type StepDoc, toJob } from './documents.ts';

/** The jobs before their steps, so that one that has ended comes with all of its own. */
export async function progress(database: Database, followed: readonly FollowedJob[]): Promise<Progress[]> {
  const ids = followed.map((job) => job.jobId);
  const docs = await database.jobs
    .find({ _id: { $in: ids } }, { projection: { tenant: 1, state: 1 } })
    .toArray();
  const standing = new Map(docs.map((doc) => [doc._id, doc]));
  const known = followed.filter((job) => standing.get(job.jobId)?.tenant === job.tenant);
  if (known.length === 0) return [];
  const over = docs.filter((doc) => isTerminal(doc.state)).map((doc) => doc._id);
  const [ended, steps] = await Promise.all([
    over.length === 0 ? [] : database.jobs.find({ _id: { $in: over } }).toArray(),
    database.steps
      .find({ $or: known.map(fromRound) })
      .sort({ job_id: 1, _id: 1 })
      .toArray(),
  ]);
  const endedById = new Map(ended.map((doc) => [doc._id, toJob(doc)]));
  const byJob = Map.groupBy(steps, (step) => step.job_id);
  return known.map(({ jobId }) => ({
    jobId,
    steps: (byJob.get(jobId) ?? []).map((step) => decodeStep(step.body)),
    ended: endedById.get(jobId) ?? null,
  }));
}

function fromRound({ jobId, round }: FollowedJob): Filter<StepDoc> {
  return { job_id: jobId, _id: { $gte: positionKey(jobId, { round, slot: -1 }) } };
}
