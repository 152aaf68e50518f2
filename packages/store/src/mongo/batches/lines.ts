import type { NewJob, WaitingLine } from '@mcp-fleet/core';
import { newDocument } from '../accept.ts';
import { type Database, flushed, insertNew } from '../database.ts';
import { unended } from '../documents.ts';
import { type LineDoc, lineKey } from './batch-documents.ts';
import { moveLines, standingBatch } from './move-lines.ts';
import { openPages } from './open-pages.ts';

export async function waitingLines(
  { batches, lines }: Database,
  batchId: string,
  limit: number,
): Promise<WaitingLine[]> {
  const [batch, found] = await Promise.all([
    batches.findOne({ _id: batchId }, { projection: { last_line: 1 } }),
    lines.find({ batch_id: batchId, state: 'waiting' }).sort({ n: 1 }).limit(limit).toArray(),
  ]);
  const lastLine = batch?.last_line ?? 0;
  return found.filter(({ n }) => n <= lastLine).flatMap(toWaiting);
}

function toWaiting({ n, run, custom_id, session_id, body }: LineDoc): WaitingLine[] {
  if (custom_id === undefined || body === null) return [];
  return [{ n, run, customId: custom_id, sessionId: session_id, body }];
}

export async function unmadeLines(
  database: Database,
  batchId: string,
  limit: number,
): Promise<WaitingLine[]> {
  await standingBatch(database, batchId);
  const unmade: number[] = [];
  for await (const page of openPages(database, batchId)) {
    const inSession = page.filter((line) => line.inSession);
    const ids = inSession.map(({ jobId }) => jobId);
    const found = await database.jobs.find({ _id: { $in: ids } }, { projection: { _id: 1 } }).toArray();
    const made = new Set(found.map(({ _id }) => _id));
    unmade.push(...inSession.filter(({ jobId }) => !made.has(jobId)).map(({ n }) => n));
    if (unmade.length >= limit) break;
  }
  const keys = unmade.slice(0, limit).map((n) => lineKey(batchId, n));
  const lines = await database.lines
    .find({ _id: { $in: keys } })
    .sort({ n: 1 })
    .toArray();
  return lines.flatMap(toWaiting);
}

/**
 * The jobs are made once it is certain that their lines open: before, the batch might be stopped and its jobs run
 * all the same. A crash leaves open lines without jobs, which wait again once they count as lost. A batch's jobs
 * are announced by the end of the batch, not one by one.
 */
export async function admitLines(
  database: Database,
  batchId: string,
  asked: readonly { n: number; job: NewJob }[],
): Promise<number[]> {
  const keys = asked.map(({ n }) => lineKey(batchId, n));
  const plan = await moveLines(database, batchId, async ({ state, last_line }) => {
    if (state !== 'in_progress') return null;
    const waiting = { _id: { $in: keys }, state: 'waiting' as const, n: { $lte: last_line } };
    const found = await database.lines.find(waiting, { projection: { n: 1 } }).toArray();
    const free = new Set(found.map(({ n }) => n));
    const admitted = asked.filter(({ n }) => free.has(n)).sort((a, b) => a.n - b.n);
    if (admitted.length === 0) return null;
    const lines = admitted.map(({ n }) => n);
    const jobs = admitted.map(({ job }) => job);
    return {
      moves: [{ from: 'waiting' as const, to: 'open' as const, lines, jobs: jobs.map(({ id }) => id) }],
      where: { state: 'in_progress' as const },
      beside: () => insertJobs(database, jobs),
      lines,
    };
  });
  return plan?.lines ?? [];
}

async function insertJobs(database: Database, jobs: readonly NewJob[]): Promise<void> {
  const now = database.clock.now();
  const apart = jobs.filter(({ sessionId }) => sessionId === null);
  const docs = apart.map((job) => ({ ...newDocument(job, null, now), announced: true as const }));
  await insertNew(database.jobs, docs, flushed);
}

export async function openLines(database: Database, batchId: string, limit: number): Promise<string[]> {
  const open: string[] = [];
  for await (const page of openPages(database, batchId)) {
    const ids = page.map(({ jobId }) => jobId);
    const filter = { _id: { $in: ids }, state: unended };
    const found = await database.jobs.find(filter, { projection: { _id: 1 } }).toArray();
    const alive = new Set(found.map(({ _id }) => _id));
    open.push(...ids.filter((id) => alive.has(id)));
    if (open.length >= limit) break;
  }
  return open.slice(0, limit);
}

export async function closeLines(
  database: Database,
  batchId: string,
  to: 'canceled' | 'expired',
  limit: number,
): Promise<number> {
  const plan = await moveLines(database, batchId, async ({ last_line }) => {
    const waiting = { batch_id: batchId, state: 'waiting' as const, n: { $lte: last_line } };
    const found = database.lines
      .find(waiting, { projection: { n: 1 } })
      .sort({ n: 1 })
      .limit(limit);
    const lines = (await found.toArray()).map(({ n }) => n);
    return lines.length === 0 ? null : { moves: [{ from: 'waiting' as const, to, lines }], lines };
  });
  return plan?.lines.length ?? 0;
}
