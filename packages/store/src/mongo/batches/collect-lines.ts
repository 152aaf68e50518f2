import { type CollectedLines, isTerminal, type JobTotals, type LineState, workOf } from '@mcp-fleet/core';
import { decodeTotals } from '../../record-codec.ts';
import type { Database } from '../database.ts';
import type { JobDoc } from '../documents.ts';
import { noTotals } from './batch-documents.ts';
import { moveLines } from './move-lines.ts';
import { type OpenLine, openPages } from './open-pages.ts';

interface Options {
  limit: number;
  lostMs: number;
}

/** What becomes of an open line whose job has ended or is missing. */
interface Found {
  n: number;
  to: LineState;
  totals: JobTotals;
}

export async function collectLines(
  database: Database,
  batchId: string,
  options: Options,
): Promise<CollectedLines> {
  const plan = await moveLines(database, batchId, async () => {
    const found = await look(database, batchId, options);
    if (found.length === 0) return null;
    const moves = [...Map.groupBy(found, ({ to }) => to)].map(([to, lines]) => ({
      from: 'open' as const,
      to,
      lines: lines.map(({ n }) => n),
    }));
    const ended = found.filter(({ to }) => to !== 'waiting').length;
    return { moves, totals: sum(found.map(({ totals }) => totals)), ended };
  });
  return plan === null ? { ended: 0, work: 0 } : { ended: plan.ended, work: workOf(plan.totals) };
}

async function look(database: Database, batchId: string, { limit, lostMs }: Options): Promise<Found[]> {
  const lostBefore = new Date(database.clock.now().getTime() - lostMs);
  const found: Found[] = [];
  for await (const page of openPages(database, batchId)) {
    const jobs = await jobsOf(database, page);
    found.push(...page.flatMap((line) => fate(line, jobs.get(line.jobId), lostBefore)));
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
}

async function jobsOf({ jobs }: Database, page: readonly OpenLine[]): Promise<Map<string, JobDoc>> {
  const filter = { _id: { $in: page.map(({ jobId }) => jobId) } };
  const found = await jobs.find(filter, { projection: { state: 1, totals: 1 } }).toArray();
  return new Map(found.map((job) => [job._id, job]));
}

function fate({ n, openedAt }: OpenLine, job: JobDoc | undefined, lostBefore: Date): Found[] {
  if (job === undefined) return openedAt < lostBefore ? [{ n, to: 'waiting', totals: noTotals }] : [];
  if (!isTerminal(job.state)) return [];
  const to = job.state === 'failed' ? 'errored' : job.state;
  return [{ n, to, totals: job.totals === null ? noTotals : decodeTotals(job.totals) }];
}

function sum(all: readonly JobTotals[]): JobTotals {
  const total = { ...noTotals };
  for (const totals of all) {
    for (const name of Object.keys(total) as (keyof JobTotals)[]) {
      const [sum, each] = [total[name], totals[name]];
      total[name] = (sum === null || each === null ? null : sum + each) as number;
    }
  }
  return total;
}
