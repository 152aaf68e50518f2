import type { ErrorCode, JobState, JobSummary } from '@mcp-fleet/core';
import { decodeTotals } from '../record-codec.ts';
import type { Database } from './database.ts';

interface SummaryRow {
  id: string;
  state: JobState;
  error_code: ErrorCode | null;
  totals: string | null;
  created_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
}

const readNewest = `
  SELECT * FROM (
    SELECT id, state, error_code, totals, created_at, started_at, ended_at FROM fleet.jobs
    WHERE tenant = $1 ORDER BY id DESC LIMIT $3
  ) newest
  WHERE created_at >= $2 OR ended_at >= $2 ORDER BY id DESC`;

export async function recentJobs(
  database: Database,
  tenant: string,
  { since, limit }: { since: Date; limit: number },
): Promise<JobSummary[]> {
  const rows = await database.lazy<SummaryRow>('recent_jobs', readNewest, [tenant, since, limit]);
  return rows.map((row) => ({
    id: row.id,
    state: row.state,
    errorCode: row.error_code,
    totals: row.totals === null ? null : decodeTotals(row.totals),
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  }));
}

const countUnended = `
  SELECT state, count(*)::int AS jobs FROM (
    SELECT state FROM fleet.jobs WHERE state IN ('queued', 'running', 'waiting') LIMIT $1
  ) unended GROUP BY state`;

export async function unendedJobs(
  database: Database,
  most: number,
): Promise<Partial<Record<JobState, number>>> {
  const rows = await database.lazy<{ state: JobState; jobs: number }>('unended_jobs', countUnended, [most]);
  return Object.fromEntries(rows.map(({ state, jobs }) => [state, jobs]));
}
