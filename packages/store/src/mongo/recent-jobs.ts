import type { JobState, JobSummary } from '@mcp-fleet/core';
import { decodeTotals } from '../record-codec.ts';
import type { Database } from './database.ts';
import { unended } from './documents.ts';

const projection = { state: 1, error_code: 1, totals: 1, created_at: 1, started_at: 1, ended_at: 1 } as const;

export async function recentJobs(
  { jobs }: Database,
  tenant: string,
  { since, limit }: { since: Date; limit: number },
): Promise<JobSummary[]> {
  const newest = await jobs.find({ tenant }, { projection }).sort({ _id: -1 }).limit(limit).toArray();
  return newest
    .filter((doc) => doc.created_at >= since || (doc.ended_at ?? 0) >= since)
    .map((doc) => ({
      id: doc._id,
      state: doc.state,
      errorCode: doc.error_code ?? null,
      totals: doc.totals == null ? null : decodeTotals(doc.totals),
      createdAt: doc.created_at,
      startedAt: doc.started_at ?? null,
      endedAt: doc.ended_at ?? null,
    }));
}

export async function unendedJobs(
  { jobs }: Database,
  most: number,
): Promise<Partial<Record<JobState, number>>> {
  const rows = await jobs
    .aggregate<{ _id: JobState; jobs: number }>([
      { $match: { state: unended } },
      { $limit: most },
      { $group: { _id: '$state', jobs: { $sum: 1 } } },
    ])
    .toArray();
  return Object.fromEntries(rows.map(({ _id, jobs }) => [_id, jobs]));
}
