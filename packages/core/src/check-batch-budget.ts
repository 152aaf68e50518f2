import { type Budget, type BudgetNeed, isBeyond, type Used } from './budget.ts';
import { nextNeed } from './check-budget.ts';
import type { Message } from './message.ts';
import { usdText } from './money.ts';
import { knownPrice } from './price-list.ts';
import type { Running } from './running.ts';

export interface BatchShortfall {
  /** What the batch has used, and what the job's next call may use. */
  need: BudgetNeed;
  budget: Budget;
  /** For people, once the call will not fit however little the calls under way use; null while it may. */
  reason: string | null;
  /** Other lines that may wait for the same. */
  others: number;
}

/**
 * Reserves what the job's next model call may use in the budget of its batch. Null when that fits, or there is no such
 * budget. Reservations are written before they are compared, so that of two that do not fit together one sees the other.
 * Throws `unknown_price` for a limit of cost on a model that has no price.
 */
export async function findBatchShortfall(
  running: Running,
  context: readonly Message[],
): Promise<BatchShortfall | null> {
  const { ports, policy, record, batchBudgeted } = running;
  const { id, batchId, agent } = record.job;
  if (batchId === null || !batchBudgeted) return null;
  const own = nextNeed(running, context);
  const use = await ports.store.reserve(batchId, id, own);
  const { budget, settled } = use;
  if (budget.cost !== null) knownPrice(policy.prices, agent.model, `The limit of cost of batch ${batchId}`);
  const spent = [settled, use.spent, own.spent].reduce(plus);
  const isUnpriced = budget.cost !== null && settled.cost === null;
  const need = { spent, next: own.next };
  const shortfall = { need, budget, others: use.others };
  if (!isUnpriced && !isBeyond(budget, { spent: plus(spent, use.next), next: own.next })) return null;
  await ports.store.reserve(batchId, id, { spent: own.spent, next: { cost: 0, tokens: 0 } });
  if (isUnpriced) return { ...shortfall, reason: unpricedReason };
  return { ...shortfall, reason: isBeyond(budget, need) ? reasonOf(budget, need) : null };
}

export const unpricedReason = 'budget: a line was answered by a model whose price is not known';

function reasonOf({ cost, tokens }: Budget, { spent, next }: BudgetNeed): string {
  if (tokens !== null && spent.tokens + next.tokens > tokens) {
    return `budget: ${spent.tokens} of ${tokens} tokens are used, and the next model call may use ${next.tokens}`;
  }
  const [used, may] = [usdText(spent.cost ?? 0), usdText(next.cost ?? 0)];
  return `budget: ${used} of ${usdText(cost ?? 0)} are used, and the next model call may cost ${may}`;
}

const plus = (a: Used, b: Used): Used => ({
  tokens: a.tokens + b.tokens,
  cost: a.cost === null || b.cost === null ? null : a.cost + b.cost,
});
