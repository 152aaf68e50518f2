import { type BatchUse, type BudgetNeed, FleetError } from '@mcp-fleet/core';
import type { Database } from '../database.ts';

const keep = `
  UPDATE fleet.batch_lines SET spent_cost = $3, spent_tokens = $4, next_cost = $5, next_tokens = $6
  WHERE batch_id = $1 AND job_id = $2 AND state = 'open'`;

const sum = (column: string) => `coalesce(sum(l.${column}), 0)::float8 AS ${column}`;

/** One snapshot: a line that ends is among the open ones or in the batch's sums. */
const read = `
  SELECT b.budget_cost::float8, b.budget_tokens::float8, b.unpriced, b.cost::float8,
    (b.input_tokens + b.output_tokens + b.cache_read_tokens + b.cache_write_tokens)::float8 AS tokens,
    ${['spent_cost', 'spent_tokens', 'next_cost', 'next_tokens'].map(sum).join(', ')}, count(l.job_id)::int AS others
  FROM fleet.batches b
  LEFT JOIN fleet.batch_lines l ON l.batch_id = b.id AND l.state = 'open' AND l.job_id <> $2
  WHERE b.id = $1 GROUP BY b.id`;

interface UseRow {
  budget_cost: number | null;
  budget_tokens: number | null;
  unpriced: number;
  cost: number;
  tokens: number;
  spent_cost: number;
  spent_tokens: number;
  next_cost: number;
  next_tokens: number;
  others: number;
}

export async function reserve(
  database: Database,
  batchId: string,
  jobId: string,
  { spent, next }: BudgetNeed,
): Promise<BatchUse> {
  const values = [batchId, jobId, spent.cost, spent.tokens, next.cost, next.tokens];
  await database.lazy('keep_reservation', keep, values);
  const [row] = await database.lazy<UseRow>('batch_use', read, [batchId, jobId]);
  if (row === undefined) throw new FleetError('not_found', `There is no batch ${batchId}.`);
  return {
    budget: { cost: row.budget_cost, tokens: row.budget_tokens },
    settled: { cost: row.unpriced > 0 ? null : row.cost, tokens: row.tokens },
    spent: { cost: row.spent_cost, tokens: row.spent_tokens },
    next: { cost: row.next_cost, tokens: row.next_tokens },
    others: row.others,
  };
}
