import { type Batch, endJob, FleetError, lineJob, type NewJob } from '@mcp-fleet/core';
import type { ReconcilerParts } from '../parts.ts';

/** Lines that are made jobs in one statement. */
const pieceSize = 500;

/** Makes jobs of a batch's first waiting lines and puts their ids into the queue. Returns how many. */
export async function admitLines(parts: ReconcilerParts, batch: Batch, most: number): Promise<number> {
  let admitted = 0;
  while (admitted < most) {
    const piece = await admitPiece(parts, batch, Math.min(pieceSize, most - admitted));
    admitted += piece;
    if (piece === 0) break;
  }
  return admitted;
}

async function admitPiece({ store, queue }: ReconcilerParts, batch: Batch, limit: number): Promise<number> {
  const waiting = await store.waitingLines(batch.id, limit);
  const jobs = waiting.map((line) => ({ n: line.n, job: lineJob(batch, line) }));
  const opened = new Set(await store.admitLines(batch.id, jobs));
  const ready: string[] = [];
  for (const { n, job } of jobs) {
    if (!opened.has(n)) continue;
    if (job.sessionId === null || (await acceptInSession(job))) ready.push(job.id);
  }
  await queue.addMany(ready.map((jobId) => ({ jobId })));
  return opened.size;

  /** In the order of lines, one by one, so that a session has its turns in that order. */
  async function acceptInSession(job: NewJob): Promise<boolean> {
    try {
      return (await store.accept(job)).ready;
    } catch (thrown) {
      if (!(thrown instanceof FleetError) || thrown.code !== 'session_not_found') throw thrown;
      await store.accept({ ...job, sessionId: null });
      const error = { code: thrown.code, message: thrown.message };
      await endJob(store, job.tenant, job.id, { state: 'failed', error });
      return false;
    }
  }
}
