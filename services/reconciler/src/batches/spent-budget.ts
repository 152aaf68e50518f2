import { type Batch, unpricedReason, usdText } from '@mcp-fleet/core';

/** Lines that are open at once before any has ended. */
const firstLines = 8;

/**
 * What the budget of a batch means for its next lines: `wait` for those under way, which are expected to use up what is
 * left, by what ended ones had; or a reason to pause, for people, once it is spent. Null while there is room. What open
 * lines may use is held to the budget by their own reservations.
 */
export function spentBudget({ budget, totals, counts, agents }: Batch): { pause: string } | 'wait' | null {
  const used = totals.inputTokens + totals.outputTokens + totals.cacheReadTokens + totals.cacheWriteTokens;
  if (budget.tokens !== null && used >= budget.tokens) {
    return { pause: `budget: ${used} of ${budget.tokens} tokens are used` };
  }
  if (budget.cost !== null && totals.cost === null) return { pause: unpricedReason };
  if (budget.cost !== null && (totals.cost ?? 0) >= budget.cost) {
    return { pause: `budget: ${usdText(totals.cost ?? 0)} of ${usdText(budget.cost)} are used` };
  }
  if (budget.tokens === null && budget.cost === null) return null;
  const ended = counts.succeeded + counts.errored;
  // What lines cost shows by those that have ended: until then few are open, and wait for one another. Calls that are
  // left to upstream batches take hours, and go together.
  const isLive = Object.values(agents).every(({ execution }) => execution === 'live');
  if (isLive && counts.open >= Math.max(firstLines, ended)) return 'wait';
  const expected = (sum: number) => (ended === 0 ? sum : sum * (1 + counts.open / ended));
  const isFull = (limit: number | null, sum: number) => limit !== null && expected(sum) >= limit;
  return isFull(budget.tokens, used) || isFull(budget.cost, totals.cost ?? 0) ? 'wait' : null;
}
