import { type BatchUse, type BudgetNeed, FleetError, type Used } from '@mcp-fleet/core';
import { type Database, lazy } from '../database.ts';
import { standingBatch } from './move-lines.ts';

/**
 * Lines are read before the batch, and the batch once no moves of it are under way: a line that ends meanwhile is
 * counted twice, and never not at all.
 */
export async function reserve(
  database: Database,
  batchId: string,
  jobId: string,
  need: BudgetNeed,
): Promise<BatchUse> {
  const open = { batch_id: batchId, state: 'open' as const };
  await database.lines.updateOne({ ...open, job_id: jobId }, { $set: { reserved: need } }, lazy);
  const others = await database.lines
    .find({ ...open, job_id: { $ne: jobId } }, { projection: { reserved: 1 } })
    .toArray();
  const batch = await standingBatch(database, batchId);
  if (batch === null) throw new FleetError('not_found', `There is no batch ${batchId}.`);
  const { totals, unpriced, budget } = batch;
  const reserved = others.flatMap((line) => line.reserved ?? []);
  return {
    budget,
    settled: {
      cost: unpriced ? null : totals.cost,
      tokens: totals.inputTokens + totals.outputTokens + totals.cacheReadTokens + totals.cacheWriteTokens,
    },
    spent: sum(reserved.map(({ spent }) => spent)),
    next: sum(reserved.map(({ next }) => next)),
    others: others.length,
  };
}

const sum = (all: readonly Used[]): Used => ({
  cost: all.reduce((total, { cost }) => total + (cost ?? 0), 0),
  tokens: all.reduce((total, { tokens }) => total + tokens, 0),
});
