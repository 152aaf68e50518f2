import type { FollowedJob, Progress } from '@mcp-fleet/core';
import type { Database } from './database.ts';
import { type JobRow, parseSteps, stepsJson, toJob } from './rows.ts';

/** A job's large columns are read once, when it has ended. */
const readProgress = `
  SELECT f.id AS job_id, ${stepsJson('f.id', 'f.round')} AS steps, ended.*
  FROM unnest($1::text[], $2::text[], $3::int[]) AS f (tenant, id, round)
  JOIN fleet.jobs j ON j.id = f.id AND j.tenant = f.tenant
  LEFT JOIN fleet.jobs ended ON ended.id = f.id AND ended.state IN ('succeeded', 'failed', 'canceled', 'expired')`;

type ProgressRow = { job_id: string; steps: string } & (JobRow | { id: null });

export async function progress(database: Database, followed: readonly FollowedJob[]): Promise<Progress[]> {
  if (followed.length === 0) return [];
  const rows = await database.lazy<ProgressRow>('progress', readProgress, [
    followed.map((job) => job.tenant),
    followed.map((job) => job.jobId),
    followed.map((job) => job.round),
  ]);
  return rows.map((row) => ({
    jobId: row.job_id,
    steps: parseSteps(row.steps),
    ended: row.id === null ? null : toJob(row),
  }));
}
