import { expect, test } from 'vitest';
import { type AgentSettings, composeAgent } from './agent.ts';
import { type EstimatedJob, estimateCost } from './estimate-cost.ts';
import { priceList } from './price-list.ts';
import { CountingTools } from './testing/counting-tools.ts';
import { asks, ScriptedModel, says } from './testing/scripted-model.ts';
import { prices, setUpRun } from './testing/set-up-run.ts';

const query = [{ type: 'text', text: 'What is six times seven?' }];
const agentOf = (settings: AgentSettings = {}) =>
  composeAgent({ name: 'default', version: 1 }, { model: 'scripted' }, settings);
const estimate = (settings: AgentSettings = {}, job: Partial<EstimatedJob> = {}) =>
  estimateCost(prices, { agent: agentOf(settings), query, ...job });

test('what a job costs lies within its estimate', async () => {
  const settings = { maxTokens: 50, limits: { rounds: 3 } };
  const { run, store } = await setUpRun({ agent: agentOf(settings) });
  const tools = new CountingTools({ t: () => ({ content: [{ type: 'text', text: '42' }], isError: false }) });
  await run('job_1', new ScriptedModel(asks(['a', 't', {}]), says('42')), tools);
  const { cost, tokens } = estimate(settings, { query: [{ type: 'text', text: 'first' }] });
  const totals = store.stored('job_1').totals;
  expect(totals?.cost).toBeGreaterThanOrEqual(cost?.min ?? Number.POSITIVE_INFINITY);
  expect(totals?.cost).toBeLessThanOrEqual(cost?.max ?? 0);
  expect((totals?.inputTokens ?? 0) + (totals?.outputTokens ?? 0)).toBeLessThanOrEqual(tokens.max);
});

test('without tools there is one call', () => {
  const one = estimate({ tools: [], maxTokens: 100, limits: { rounds: 50 } });
  expect(one).toEqual(estimate({ tools: [], maxTokens: 100, limits: { rounds: 1 } }));
  expect(one.tokens.max).toBeLessThan(200);
  expect(one.tokens.max).toBeGreaterThan(100);
});

test('the most grows with rounds, tool results and a session before it', () => {
  const limits = { rounds: 2, parallelToolCalls: 1, toolResultChars: 256 };
  const least = estimate({ limits });
  for (const more of [
    estimate({ limits: { ...limits, rounds: 3 } }),
    estimate({ limits: { ...limits, parallelToolCalls: 2 } }),
    estimate({ limits: { ...limits, toolResultChars: 512 } }),
    estimate({ limits }, { inSession: true }),
  ]) {
    expect(more.tokens.max).toBeGreaterThan(least.tokens.max);
    expect(more.cost?.max).toBeGreaterThan(least.cost?.max ?? Number.POSITIVE_INFINITY);
    expect(more.cost?.min).toBe(least.cost?.min);
  }
});

test('a call has at most what the window holds, and a job its budget', () => {
  const small = priceList({ scripted: { input: 1, output: 5, window: 1_000 } });
  const agent = agentOf({ maxTokens: 10, limits: { rounds: 4 } });
  expect(estimateCost(small, { agent, query }).tokens.max).toBe(4 * (1_000 + 10));
  const held = estimate({}, { budget: { cost: 5_000_000, tokens: 300 } });
  expect(held).toMatchObject({ tokens: { max: 300 }, cost: { max: 5_000_000 } });
  expect(estimate({}, { budget: { cost: 0, tokens: 0 } })).toEqual({
    tokens: { min: 0, max: 0 },
    cost: { min: 0, max: 0 },
  });
});

test('a batch costs half, and a model without a price is not told for nothing', () => {
  const plain = estimate({ tools: [] });
  const batch = estimate({ tools: [] }, { batch: true });
  expect(batch.tokens).toEqual(plain.tokens);
  expect(batch.cost?.max).toBe(Math.ceil((plain.cost?.max ?? 0) / 2));
  expect(estimate({ model: 'openai/nobodys' }).cost).toBeNull();
});
