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

async function admitPiece(parts: ReconcilerParts, batch: Batch, limit: number): Promise<number> {
  const { store } = parts;
  const waiting = await store.waitingLines(batch.id, limit);
  if (waiting.some(({ sessionId }) => sessionId !== null)) await makeUnmade(parts, batch);
  const jobs = waiting.map((line) => ({ n: line.n, job: lineJob(batch, line) }));
  const opened = new Set(await store.admitLines(batch.id, jobs));
  const admitted = jobs.filter(({ n }) => opened.has(n)).map(({ job }) => job);
  await offer(parts, admitted);
  return opened.size;
}

/**
 * Makes the jobs of lines that one opened who died before it had made them: otherwise lines of their sessions that
 * stand behind them would come first.
 */
async function makeUnmade(parts: ReconcilerParts, batch: Batch): Promise<void> {
  for (;;) {
    const unmade = await parts.store.unmadeLines(batch.id, pieceSize);
    const jobs = unmade.map((line) => lineJob(batch, line));
    await offer(parts, jobs);
    if (unmade.length < pieceSize) return;
  }
}

/**
 * Puts the ids of jobs into the queue that can run. Those of sessions are made here, in the order of lines and one by
 * one, so that a session has its turns in that order.
 */
async function offer({ store, queue }: ReconcilerParts, jobs: readonly NewJob[]): Promise<void> {
  const ready: string[] = [];
  for (const job of jobs) {
    if (job.sessionId === null || (await acceptInSession(job))) ready.push(job.id);
  }
  await queue.addMany(ready.map((jobId) => ({ jobId })));

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
