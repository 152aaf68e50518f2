import type { AgentSpec } from './agent.ts';
import { boundInput, leastInput } from './bound-tokens.ts';
import { type Budget, noBudget } from './budget.ts';
import { charactersPerToken } from './fit-context.ts';
import type { ContentBlock } from './message.ts';
import type { Nanos } from './money.ts';
import type { ToolDefinition } from './ports.ts';
import { costBounds } from './price.ts';
import type { PriceList } from './price-list.ts';

/** A job as far as its cost can be told before anything runs. */
export interface EstimatedJob {
  agent: AgentSpec;
  query: readonly ContentBlock[];
  budget?: Budget;
  /** The tools that it will be offered; absent: not known, and taken for many. */
  tools?: readonly ToolDefinition[];
  /** True when earlier turns of a session come before the query. */
  inSession?: boolean;
  /** True when its calls have the provider's batch price. */
  batch?: boolean;
}

export interface Range {
  min: number;
  max: number;
}

/** `cost` is in nano-dollars, null when the model's price is unknown. */
export interface Estimate {
  tokens: Range;
  cost: { min: Nanos; max: Nanos } | null;
}

/** Tokens that the definitions of tools may have when it is not known which there are. */
const manyTools = 50_000;

/** A character has three bytes at most, and a token has two at least. */
const mostPerCharacter = 1.5;

/**
 * Bounds of what a job may use, which add up over jobs. The least is one call that is answered with one token.
 * The most is every round that the agent's limits allow, each with all of the output that it may have and, in
 * its input, all that the rounds before it may have added: their output, and as many tool results as one reply
 * may ask for, as long as they may be. A call has at most what the model's window holds, where that is known,
 * and a job at most its budget.
 */
export function estimateCost(prices: PriceList, job: EstimatedJob): Estimate {
  const { agent, budget = noBudget } = job;
  const price = prices.of(agent.model)?.price ?? null;
  const least = { input: leastInput(requestOf(job)), output: 1 };
  const calls = largestCalls(job, price?.window ?? Number.POSITIVE_INFINITY);
  const tokens = {
    min: least.input + least.output,
    max: atMost(sum(calls.map(({ input, output }) => input + output)), budget.tokens),
  };
  if (price === null) return { tokens: ordered(tokens), cost: null };
  const factor = job.batch ? price.batchFactor : 1;
  const most = sum(calls.map((call) => costBounds(price, call).max));
  const cost = {
    min: Math.floor(costBounds(price, least).min * factor),
    max: atMost(Math.ceil(most * factor), budget.cost),
  };
  return { tokens: ordered(tokens), cost: ordered(cost) };
}

function requestOf({ agent, query }: EstimatedJob) {
  return { system: agent.system, messages: [{ role: 'user' as const, content: [...query] }] };
}

/** The calls of a job that does all that it may, in order. */
function largestCalls(job: EstimatedJob, window: number): { input: number; output: number }[] {
  const { agent, tools, inSession } = job;
  const { rounds, parallelToolCalls, toolResultChars } = agent.limits;
  const toolless = agent.tools?.length === 0 || tools?.length === 0;
  const first =
    boundInput({ ...requestOf(job), tools: tools ?? [] }) +
    (tools === undefined && !toolless ? manyTools : 0) +
    (inSession ? agent.contextTokens * charactersPerToken * mostPerCharacter : 0);
  const grown = agent.maxTokens + (toolless ? 0 : parallelToolCalls * toolResultChars * mostPerCharacter);
  // Without tools there is nothing to come back for.
  return Array.from({ length: toolless ? 1 : rounds }, (_, round) => ({
    input: Math.min(Math.ceil(first + round * grown), window),
    output: agent.maxTokens,
  }));
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
const atMost = (number: number, limit: number | null) => (limit === null ? number : Math.min(number, limit));

/** A budget below the least that a job needs lets nothing be spent at all. */
const ordered = ({ min, max }: Range): Range => ({ min: Math.min(min, max), max });
