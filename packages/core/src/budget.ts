import type { AgentSpec } from './agent.ts';
import { fromUsd, type Nanos } from './money.ts';

/** The reason of a job that waits until its budget is raised (`Wait.reason`, `Job.waitReason`). */
export const budgetWait = 'budget';

/** What a job may use; null is without bound. */
export interface Budget {
  cost: Nanos | null;
  /** Tokens in and out, whatever a cache had of them. */
  tokens: number | null;
}

export const noBudget: Budget = { cost: null, tokens: null };

/** `cost` is null while the model's price is unknown, which a job without a limit of cost may live with. */
export interface Used {
  cost: Nanos | null;
  tokens: number;
}

/** Why a job waits for its budget: what it has used, and what its next model call may use at most. */
export interface BudgetNeed {
  spent: Used;
  next: Used;
}

/** What a batch has used, and may use by the model calls that are under way; the asking job left out. */
export interface BatchUse {
  budget: Budget;
  /** Of lines that have ended; `cost` is null once one was answered by a model whose price is unknown. */
  settled: Used;
  /** Of the other open lines: what they have used, and the most that their next calls may use. */
  spent: Used;
  next: Used;
  /** How many other open lines there are. */
  others: number;
}

/** The budget of a job: what it was submitted with, else what its agent's limits say. */
export function budgetOf({ limits }: Pick<AgentSpec, 'limits'>, own: Partial<Budget>): Budget {
  return {
    cost: own.cost ?? (limits.costUsd === undefined ? null : fromUsd(limits.costUsd)),
    tokens: own.tokens ?? limits.tokens ?? null,
  };
}

/** True when the next call may use more than is left. */
export function isBeyond(budget: Budget, { spent, next }: BudgetNeed): boolean {
  const over = (limit: number | null, used: number | null, more: number | null) =>
    limit !== null && (used ?? 0) + (more ?? 0) > limit;
  return over(budget.cost, spent.cost, next.cost) || over(budget.tokens, spent.tokens, next.tokens);
}
