import {
  type AgentSpec,
  estimateCost,
  lineJob,
  type Nanos,
  type NewLine,
  type ToolDefinition,
  toUsd,
} from '@mcp-fleet/core';
import { toBudget } from '../job-budget.ts';
import { offeredTools } from '../offered-tools.ts';
import type { ApiParts } from '../parts.ts';
import type { BatchEstimateView, UploadSettings } from '../schemas/batches.ts';
import { LineChecker } from './line-checker.ts';
import { longestLine, readLines } from './read-lines.ts';

/** Problems, and models, that are named. */
const mostNamed = 100;

type Settings = Pick<UploadSettings, 'agent' | 'max_cost_usd' | 'max_tokens'>;

/** Adds up what the lines of a stream may use. Nothing of them is kept; a custom id that repeats is not noticed. */
export async function estimateLines(
  parts: Pick<ApiParts, 'agents' | 'store' | 'prices' | 'tools'>,
  tenant: string,
  settings: Settings,
  stream: AsyncIterable<Buffer>,
): Promise<BatchEstimateView> {
  const checker = new LineChecker(parts, { tenant, agent: settings.agent, agents: {} });
  const sum = new Sum(parts);
  let n = 0;
  for await (const { text } of readLines(stream, longestLine)) {
    n += 1;
    const line = await checker.check(n, text);
    if (line !== null) await sum.add(line, checker.agents);
  }
  return sum.within(settings);
}

class Sum {
  readonly #parts: Pick<ApiParts, 'prices' | 'tools'>;
  readonly #tools = new Map<string, ToolDefinition[] | null>();
  readonly #models = { priced: new Set<string>(), unpriced: new Set<string>() };
  readonly #problems: BatchEstimateView['invalid_lines'] = [];
  readonly #tokens = { min: 0, max: 0 };
  readonly #cost: Record<'min' | 'max', Nanos> = { min: 0, max: 0 };
  #lines = 0;
  #invalid = 0;

  constructor(parts: Pick<ApiParts, 'prices' | 'tools'>) {
    this.#parts = parts;
  }

  async add(
    { n, customId, sessionId, body, problem }: NewLine,
    agents: Record<string, AgentSpec>,
  ): Promise<void> {
    if (body === null || customId === null) {
      this.#invalid += 1;
      if (this.#problems.length < mostNamed) this.#problems.push({ line: n, message: problem ?? '' });
      return;
    }
    const batch = { id: 'batch_', tenant: '', agents, expiresAt: new Date(0) };
    const { agent, query, budget } = lineJob(batch, { n, run: 0, customId, sessionId, body });
    const tools = await this.#offered(agent);
    const job = { agent, query, budget, inSession: sessionId !== null, ...(tools === null ? {} : { tools }) };
    // One that may be answered either way costs the least at the one price and the most at the other.
    const least = estimateCost(this.#parts.prices, { ...job, batch: agent.execution !== 'live' });
    const most = estimateCost(this.#parts.prices, { ...job, batch: agent.execution === 'provider_batch' });
    this.#lines += 1;
    this.#tokens.min += least.tokens.min;
    this.#tokens.max += most.tokens.max;
    if (least.cost === null || most.cost === null) {
      remember(this.#models.unpriced, agent.model);
      return;
    }
    remember(this.#models.priced, agent.model);
    this.#cost.min += least.cost.min;
    this.#cost.max += most.cost.max;
  }

  /** The sums, of which a budget leaves at most itself. */
  within(settings: Settings): BatchEstimateView {
    const { cost = null, tokens = null } = toBudget(settings);
    const most = (sum: { min: number; max: number }, limit: number | null) =>
      limit === null ? sum : { min: Math.min(sum.min, limit), max: Math.min(sum.max, limit) };
    const money = most(this.#cost, cost);
    const { priced, unpriced } = this.#models;
    return {
      type: 'batch_estimate',
      lines: this.#lines,
      invalid: this.#invalid,
      tokens: most(this.#tokens, tokens),
      cost_usd: unpriced.size > 0 ? null : { min: toUsd(money.min), max: toUsd(money.max) },
      models: [...(unpriced.size > 0 ? unpriced : priced)].sort(),
      invalid_lines: this.#problems,
    };
  }

  async #offered({ tools }: AgentSpec): Promise<ToolDefinition[] | null> {
    const key = JSON.stringify(tools ?? null);
    const known = this.#tools.get(key);
    if (known !== undefined) return known;
    const offered = await offeredTools(this.#parts, tools);
    this.#tools.set(key, offered);
    return offered;
  }
}

function remember(models: Set<string>, model: string): void {
  if (models.size < mostNamed) models.add(model);
}
