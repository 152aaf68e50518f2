import { type JobTotals, type LineState, workOf } from '@mcp-fleet/core';
import type { AnyBulkWriteOperation, Filter } from 'mongodb';
import { type Database, flushed } from '../database.ts';
import {
  type BatchDoc,
  type LineDoc,
  lineKey,
  type Move,
  noTotals,
  type PendingMoves,
} from './batch-documents.ts';
import { charge } from './shares.ts';

/** A batch as its lines' moves are planned: without what is large and says nothing about them. */
export type StandingBatch = Omit<BatchDoc, 'agents' | 'metadata' | 'pending'>;

/** Moves of lines, with what else has to hold and is set in the write that makes them certain. */
export interface Plan {
  moves: Move[];
  totals?: JobTotals;
  where?: Filter<BatchDoc>;
  set?: Partial<BatchDoc>;
  /** What is made beside the moves once they are certain. Whoever finishes them after a crash does not make it. */
  beside?: () => Promise<unknown>;
}

/**
 * Moves lines and counts them, though they and the counters are different documents. The moves are written into
 * the batch first, made in the lines second, and counted third in the write that takes them out of the batch; a
 * batch has one such intent at a time, and whoever finds that of another finishes it. So a crash anywhere leaves
 * nothing half counted. The intent is refused unless no other was begun since before its lines were read: their
 * states are those of the plan, and the plan is made anew otherwise. Null when there is nothing to move.
 */
export async function moveLines<P extends Plan>(
  database: Database,
  batchId: string,
  makePlan: (batch: StandingBatch) => Promise<P | null>,
): Promise<P | null> {
  for (;;) {
    const batch = await standingBatch(database, batchId);
    const plan = batch === null ? null : await makePlan(batch);
    if (batch === null || plan === null) return null;
    const pending = await intend(database, batch, plan);
    if (pending === null) continue;
    await Promise.all([make(database, batchId, pending), plan.beside?.()]);
    await count(database, batch, pending);
    return plan;
  }
}

/** The batch once no moves of it are under way. */
export async function standingBatch(database: Database, batchId: string): Promise<StandingBatch | null> {
  for (;;) {
    const projection = { agents: 0, metadata: 0 };
    const batch = await database.batches.findOne({ _id: batchId }, { projection });
    if (!batch?.pending) return batch;
    await make(database, batchId, batch.pending);
    await count(database, batch, batch.pending);
  }
}

/** Null when other moves were begun first, or when what the plan needs does not hold any more. */
async function intend(
  { batches, clock }: Database,
  batch: StandingBatch,
  { moves, totals = noTotals, where, set }: Plan,
): Promise<PendingMoves | null> {
  const pending = { seq: batch.moves + 1, at: clock.now(), moves, totals };
  const unmoved = { _id: batch._id, moves: batch.moves, ...where };
  const change = { $set: { ...set, moves: pending.seq, pending } };
  return (await batches.updateOne(unmoved, change, flushed)).matchedCount === 1 ? pending : null;
}

/**
 * Once all its lines are moved, doing it again changes none, however late and wherever they have gone since: each
 * line keeps the number of its last move.
 */
async function make({ lines }: Database, batchId: string, pending: PendingMoves): Promise<void> {
  const writes = pending.moves.flatMap((move) => writesOf(batchId, move, pending));
  await lines.bulkWrite(writes, { ...flushed, ordered: false });
}

function writesOf(
  batchId: string,
  { from, to, lines, jobs }: Move,
  { seq, at }: PendingMoves,
): AnyBulkWriteOperation<LineDoc>[] {
  const moved = { $lt: seq };
  if (jobs !== undefined) {
    return lines.map((n, index) => ({
      updateOne: {
        filter: { _id: lineKey(batchId, n), moved },
        update: {
          $set: { state: to, moved: seq, job_id: jobs[index] as string, opened_at: at },
          $unset: { reserved: true },
        },
      },
    }));
  }
  const filter = { _id: { $in: lines.map((n) => lineKey(batchId, n)) }, moved };
  const update = { $set: { state: to, moved: seq }, ...(isRetry(from, to) ? nextRun : {}) };
  return [{ updateMany: { filter, update } }];
}

/** An open line that waits again has lost its job, and has the same one next time. */
const isRetry = (from: LineState, to: LineState): boolean => to === 'waiting' && from !== 'open';

const nextRun = { $inc: { run: 1 }, $unset: { job_id: true, opened_at: true } } as const;

/**
 * Of those that finish the moves at once one counts them, and charges their work to the tenant. A crash between
 * these two loses that charge, and none is made twice: a share says who is next, and what each tenant had is
 * known only roughly anyway while its jobs run.
 */
async function count(
  database: Database,
  { _id, tenant }: Pick<BatchDoc, '_id' | 'tenant'>,
  { seq, moves, totals }: PendingMoves,
): Promise<void> {
  const change = { $inc: increments(moves, totals), $unset: { pending: true } } as const;
  const counted = await database.batches.updateOne({ _id, 'pending.seq': seq }, change, flushed);
  if (counted.matchedCount === 1) await charge(database, tenant, workOf(totals));
}

function increments(moves: readonly Move[], totals: JobTotals): Record<string, number> {
  const sums: Record<string, number> = {};
  const add = (field: string, value: number) => {
    sums[field] = (sums[field] ?? 0) + value;
  };
  for (const { from, to, lines } of moves) {
    add(`counts.${from}`, -lines.length);
    add(`counts.${to}`, lines.length);
  }
  const { cost, ...counted } = totals;
  for (const [name, value] of Object.entries(counted)) add(`totals.${name}`, value);
  if (cost === null) add('unpriced', 1);
  else add('totals.cost', cost);
  return sums;
}
