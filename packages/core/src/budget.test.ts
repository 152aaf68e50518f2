import { describe, expect, test } from 'vitest';
import { agentSpec } from './agent.ts';
import { boundInput, boundTokens, leastInput } from './bound-tokens.ts';
import { type Budget, budgetOf, noBudget } from './budget.ts';
import { FleetError } from './errors.ts';
import { replayOf } from './replay-job.ts';
import { CountingTools } from './testing/counting-tools.ts';
import { asks, ScriptedModel, says } from './testing/scripted-model.ts';
import { setUpRun } from './testing/set-up-run.ts';

const maxTokens = 100;
const result = 'a long result '.repeat(500);
/** Enough for a first call with a tool on offer, not for a second with its result. */
const oneCall = 2_000_000;
const tools = () =>
  new CountingTools({ t: () => ({ content: [{ type: 'text', text: result }], isError: false }) });

/** `job_2` with a budget, in a set-up whose replies have 10 tokens in and 5 out, for a and five microdollars each. */
async function setUp(budget: Partial<Budget>, agent = {}) {
  const setup = await setUpRun({ agent: { maxTokens, ...agent } });
  await setup.submit('job_2', 'second', { budget: { ...noBudget, ...budget } });
  const job = () => setup.store.stored('job_2');
  return { ...setup, job, needed: () => job().budgetNeed };
}

const outcome = { kind: 'parked', waitMs: null, reason: 'budget' };

describe('a job with a budget', () => {
  test('waits without a call when the first one may cost too much, and goes on once it is raised', async () => {
    const { store, run, job, needed } = await setUp({ cost: 1 });
    const model = new ScriptedModel(says('done'));
    expect(await run('job_2', model)).toEqual(outcome);
    expect(model.requests).toHaveLength(0);
    expect(job()).toMatchObject({ state: 'waiting', waitUntil: null, waitReason: 'budget' });
    expect(needed()).toMatchObject({ spent: { cost: 0, tokens: 0 } });
    expect(needed()?.next.cost).toBeGreaterThanOrEqual(maxTokens * 5_000);
    expect(await run('job_2', model)).toEqual({ kind: 'parked', waitMs: null, reason: 'not yet due' });

    await store.raiseBudget('t', 'job_2', { cost: needed()?.next.cost ?? 0 });
    expect(await run('job_2', model)).toMatchObject({ kind: 'completed' });
    expect(model.requests).toHaveLength(1);
  });

  test('pauses between two calls, with what was spent, and makes none of them twice', async () => {
    const { store, run, needed } = await setUp({ cost: oneCall });
    const model = new ScriptedModel(asks(['a', 't', {}]), says('done'));
    const counting = tools();
    expect(await run('job_2', model, counting)).toEqual(outcome);
    expect(model.requests).toHaveLength(1);
    expect(counting.calls).toHaveLength(1);
    const { spent, next } = needed() ?? { spent: null, next: null };
    expect(spent).toEqual({ cost: 35_000, tokens: 15 });
    expect(next?.tokens).toBeGreaterThanOrEqual(15 + maxTokens + result.length / 4);

    await store.raiseBudget('t', 'job_2', { cost: (spent?.cost ?? 0) + (next?.cost ?? 0) });
    expect(await run('job_2', model, counting)).toMatchObject({ kind: 'completed' });
    expect(model.requests).toHaveLength(2);
    expect(counting.calls).toHaveLength(1);
    expect(store.stored('job_2').totals?.cost).toBe(70_000);
  });

  test.each(['cost', 'tokens'] as const)(
    'calls at exactly its limit of %s, and not a unit beyond',
    async (limit) => {
      const { run, needed } = await setUp({ [limit]: 0 });
      await run('job_2', new ScriptedModel());
      const exact = needed()?.next[limit] as number;
      for (const [over, calls] of [
        [0, 1],
        [-1, 0],
      ] as const) {
        const other = await setUp({ [limit]: exact + over });
        const model = new ScriptedModel(says('done'));
        await other.run('job_2', model);
        expect(model.requests).toHaveLength(calls);
      }
      expect(exact).toBeGreaterThan(maxTokens);
    },
  );

  test('that is raised while its worker looks at it is due at once', async () => {
    const { store, run } = await setUp({ cost: 1 });
    store.before = (verb) => {
      if (verb === 'park') void store.raiseBudget('t', 'job_2', { cost: null });
    };
    expect(await run('job_2', new ScriptedModel())).toMatchObject({ kind: 'parked', waitMs: 0 });
    expect(await run('job_2', new ScriptedModel(says('done')))).toMatchObject({ kind: 'completed' });
  });

  test('fails at the limits of its agent rather than wait for money', async () => {
    const { run } = await setUp({ cost: oneCall }, { limits: { rounds: 1 } });
    const model = new ScriptedModel(asks(['a', 't', {}]));
    expect(await run('job_2', model, tools())).toMatchObject({ error: { code: 'limit_exceeded' } });
  });

  test('keeps what a transient failure was charged', async () => {
    const { store, run, job } = await setUp({ cost: 1_000_000 });
    await run('job_2', new ScriptedModel(new FleetError('model_unavailable', 'away')));
    job().budget = { cost: 1, tokens: null };
    expect(await run('job_2', new ScriptedModel())).toEqual(outcome);
    expect(store.stored('job_2').failures).toEqual({ model: 1, tools: 0 });
  });

  test('of a model without a price fails, and with a limit of tokens alone runs', async () => {
    const costly = await setUp({ cost: 1_000_000 }, { model: 'openai/nobodys' });
    expect(await costly.run('job_2', new ScriptedModel())).toMatchObject({
      error: { code: 'unknown_price' },
    });
    const counted = await setUp({ tokens: 1_000 }, { model: 'openai/nobodys' });
    expect(await counted.run('job_2', new ScriptedModel(says('done')))).toMatchObject({ kind: 'completed' });
  });

  test('does not pay again for the replies that a replay begins with', async () => {
    const { store, run, submit } = await setUp({ cost: null });
    await run('job_2', new ScriptedModel(asks(['a', 't', {}]), new Error('broken')), tools());
    store.stored('job_2').budget = { cost: 1, tokens: null };
    const replay = await replayOf(store, store.stored('job_2'), 'tail', 'job_3');
    expect(replay.budget.cost).toBe(1);
    await submit('job_3', 'second', replay);
    expect(await run('job_3', new ScriptedModel(), tools())).toEqual(outcome);
    const { spent, next } = store.stored('job_3').budgetNeed ?? {};
    expect(spent).toEqual({ cost: 0, tokens: 0 });
    await store.raiseBudget('t', 'job_3', { cost: next?.cost ?? 0 });
    expect(await run('job_3', new ScriptedModel(says('done')), tools())).toMatchObject({ kind: 'completed' });
  });
});

describe('a budget', () => {
  const agent = agentSpec.parse({ model: 'scripted', limits: { costUsd: 0.5, tokens: 9 } });

  test("is the job's own, else that of its agent", () => {
    expect(budgetOf(agent, {})).toEqual({ cost: 500_000_000, tokens: 9 });
    expect(budgetOf(agent, { cost: 1 })).toEqual({ cost: 1, tokens: 9 });
    expect(budgetOf(agentSpec.parse({ model: 'scripted' }), {})).toEqual(noBudget);
  });
});

describe('the bound of tokens', () => {
  const text = (value: string) => ({ type: 'text', text: value });

  test.each([
    'The quick brown fox jumps over the lazy dog.',
    '{"id": 12345, "tags": ["a", "b"], "ok": true}',
    '敏捷的棕色狐狸跳过了懒狗。',
  ])('is more than a token for two bytes, and the least one for eight: %s', (said) => {
    const messages = [{ role: 'user' as const, content: [text(said)] }];
    const bytes = new TextEncoder().encode(said).length;
    expect(boundInput({ messages, tools: [] })).toBeGreaterThan(bytes / 2);
    expect(leastInput({ messages })).toBeLessThanOrEqual(bytes / 8);
  });

  test('of a picture is not that of its bytes, and of a document elsewhere is large', () => {
    const picture = { type: 'image', source: { type: 'base64', data: 'x'.repeat(1_000_000) } };
    expect(boundTokens([picture])).toBeLessThan(10_000);
    expect(boundTokens([{ type: 'tool_result', tool_use_id: 'a', content: [picture] }])).toBeLessThan(10_000);
    const elsewhere = { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } };
    expect(boundTokens([elsewhere])).toBeGreaterThan(100_000);
  });

  test('has the tools and the system prompt in it', () => {
    const tool = { name: 't', description: 'd'.repeat(1_000), inputSchema: {}, safety: 'read_only' as const };
    const bare = boundInput({ messages: [], tools: [] });
    expect(boundInput({ system: 's'.repeat(1_000), messages: [], tools: [] })).toBeGreaterThan(bare + 400);
    expect(boundInput({ messages: [], tools: [tool] })).toBeGreaterThan(bare + 1_400);
  });
});
