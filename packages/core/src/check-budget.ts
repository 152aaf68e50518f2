import { boundInput, boundTokens } from './bound-tokens.ts';
import { type BudgetNeed, isBeyond, type Used } from './budget.ts';
import type { Message } from './message.ts';
import { costBounds, costOf, type Price } from './price.ts';
import { knownPrice } from './price-list.ts';
import type { Running } from './running.ts';
import { comparePositions, type ReplyStep, turnMessages, type Usage } from './step.ts';

/** What the job has used, and what its next model call may use: see `findShortfall`. */
export function nextNeed(running: Running, context: readonly Message[]): BudgetNeed {
  const { agent } = running.record.job;
  const price = running.policy.prices.of(agent.model)?.price ?? null;
  const input = nextInput(running, context);
  const next = {
    tokens: input + agent.maxTokens,
    cost: price && costBounds(price, { input, output: agent.maxTokens }).max,
  };
  return { spent: usedSoFar(running, price), next };
}

/**
 * Compares what a job has used, and what its next model call may use, with its budget. Null when the call is
 * allowed. The call is taken at its most: the input at the dearest that a cache makes of it, and all of the
 * output that it may have. Throws `unknown_price` for a limit of cost on a model that has no price.
 */
export function findShortfall(running: Running, context: readonly Message[]): BudgetNeed | null {
  const { job } = running.record;
  const { budget, agent } = job;
  if (budget.cost === null && budget.tokens === null) return null;
  if (budget.cost !== null) {
    knownPrice(running.policy.prices, agent.model, `The limit of cost of job ${job.id}`);
  }
  const need = nextNeed(running, context);
  return isBeyond(budget, need) ? need : null;
}

/** Replies that a replay began with were paid for by another job. */
function usedSoFar({ record }: Running, price: Price | null): Used {
  const own = record.steps.filter(
    (step): step is ReplyStep => step.kind === 'reply' && step.recordedBy === undefined,
  );
  const tokens = own.reduce((sum, { usage }) => sum + inputOf(usage) + usage.outputTokens, 0);
  const costs = own.map(({ cost, usage }) => cost ?? (price && costOf(price, usage)));
  const cost = costs.reduce((sum, each) => (sum === null || each === null ? null : sum + each), 0);
  return { tokens, cost };
}

/**
 * An upper bound of the next call's input: what the provider counted last time, the reply to it, and what came
 * since by its bytes; all by its bytes when nothing was counted yet.
 */
function nextInput({ record, toolset }: Running, context: readonly Message[]): number {
  const { job, lastReply, steps } = record;
  if (lastReply !== undefined && inputOf(lastReply.usage) > 0) {
    const since = steps.filter((step) => comparePositions(step, lastReply) > 0);
    const added = since.flatMap((step) => (step.kind === 'result' ? [step.block] : step.content));
    return inputOf(lastReply.usage) + lastReply.usage.outputTokens + boundTokens(added);
  }
  const messages = [...context, ...turnMessages(job.query, steps)];
  return boundInput({ system: job.agent.system, messages, tools: toolset.tools });
}

const inputOf = ({ inputTokens, cacheReadTokens, cacheWriteTokens }: Usage) =>
  inputTokens + cacheReadTokens + cacheWriteTokens;
