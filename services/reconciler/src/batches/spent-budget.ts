import { type Batch, usdText } from '@mcp-fleet/core';

/**
 * Why no further line of a batch may begin, for people: what its lines had, and what those under way are expected to
 * have by what ended ones had, comes to its budget. Null while there is room. Lines under way are never stopped, so a
 * batch can pass its budget by what they cost more than expected.
 */
export function spentBudget({ budget, totals, counts }: Batch): string | null {
  const ended = counts.succeeded + counts.errored;
  const expected = (used: number) => used + (ended === 0 ? 0 : (used / ended) * counts.open);
  const tokens = expected(
    totals.inputTokens + totals.outputTokens + totals.cacheReadTokens + totals.cacheWriteTokens,
  );
  if (budget.tokens !== null && tokens >= budget.tokens) {
    return `budget: ${Math.ceil(tokens)} of ${budget.tokens} tokens are used or under way`;
  }
  if (budget.cost === null) return null;
  if (totals.cost === null) return 'budget: a line was answered by a model whose price is not known';
  const cost = expected(totals.cost);
  if (cost < budget.cost) return null;
  return `budget: ${usdText(Math.ceil(cost))} of ${usdText(budget.cost)} are used or under way`;
}
