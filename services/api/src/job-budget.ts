import {
  type AgentSpec,
  type Budget,
  budgetOf,
  FleetError,
  fromUsd,
  type Job,
  knownPrice,
  toUsd,
} from '@mcp-fleet/core';
import type { ApiParts } from './parts.ts';

/** Limits as the API has them: absent ones are not asked for, null is none. */
export interface AskedBudget {
  max_cost_usd?: number | null | undefined;
  max_tokens?: number | null | undefined;
}

/** The budget of a new job. Throws `unknown_price` for a limit of cost on a model that has no price. */
export function newBudget(
  { prices }: Pick<ApiParts, 'prices'>,
  agent: AgentSpec,
  asked: { max_cost_usd?: number | undefined; max_tokens?: number | undefined },
): Budget {
  const budget = budgetOf(agent, toBudget(asked));
  if (budget.cost !== null) knownPrice(prices, agent.model, 'A limit of cost');
  return budget;
}

/** Only what is there. */
export function toBudget({ max_cost_usd: usd, max_tokens: tokens }: AskedBudget): Partial<Budget> {
  return {
    ...(usd === undefined ? {} : { cost: usd === null ? null : fromUsd(usd) }),
    ...(tokens === undefined ? {} : { tokens }),
  };
}

/** Refuses a change that would not raise the budget: calls under way were allowed by what it was. */
export function refuseLower({ id, budget }: Job, raise: Partial<Budget>): void {
  const lower = (['cost', 'tokens'] as const).filter((limit) => {
    const to = raise[limit];
    return to !== undefined && to !== null && to < (budget[limit] ?? Number.POSITIVE_INFINITY);
  });
  if (lower.length === 0) return;
  const standing = lower.map((limit) => {
    const at = budget[limit];
    if (at === null) return `it has no limit of ${limit}`;
    return limit === 'cost' ? `max_cost_usd is ${toUsd(at)}` : `max_tokens is ${at}`;
  });
  throw new FleetError(
    'budget_not_raised',
    `A budget can only be raised. Of job ${id}, ${standing.join(', and ')}. Send more, or null for no limit.`,
  );
}
