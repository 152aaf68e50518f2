import { expect, test } from 'vitest';
import type { BatchUse } from './budget.ts';
import { ScriptedModel, says } from './testing/scripted-model.ts';
import { setUpRun } from './testing/set-up-run.ts';

const nothing = { cost: 0, tokens: 0 };

/** `job_2` as a line of a batch, beside what others have. The replies have 10 tokens in and 5 out. */
async function setUp(use: Partial<BatchUse>, model = 'scripted') {
  const setup = await setUpRun({ agent: { maxTokens: 100, model } });
  const { store } = setup;
  await setup.submit('job_2', 'second', { batchId: 'batch_1' });
  const budget = { cost: null, tokens: 1_000 };
  store.batchUse = { budget, settled: nothing, spent: nothing, next: nothing, others: 3, ...use };
  const script = new ScriptedModel(says('done'));
  return { store, script, run: () => setup.run('job_2', script), job: () => store.stored('job_2') };
}

test('a line whose call fits into what the batch has left makes it, and has it reserved before', async () => {
  const { store, run } = await setUp({ settled: { cost: 0, tokens: 500 } });
  expect(await run()).toMatchObject({ kind: 'completed' });
  expect(store.reserved).toHaveLength(1);
  expect(store.reserved[0]).toMatchObject({ spent: nothing, next: { tokens: expect.any(Number) } });
  expect(store.reserved[0]?.next.tokens).toBeGreaterThan(100);
});

test('a line that fits only once others turn out cheaper waits a moment, and gives back what it had reserved', async () => {
  const { store, script, run, job } = await setUp({ next: { cost: 0, tokens: 950 } });
  expect(await run()).toEqual({ kind: 'parked', waitMs: 1_500, reason: 'budget' });
  expect(script.requests).toHaveLength(0);
  expect(store.batchChanges).toEqual([]);
  expect(store.reserved.at(-1)).toEqual({ spent: nothing, next: nothing });
  expect(job().budgetNeed).toMatchObject({ spent: nothing });
  store.batchUse = { ...(store.batchUse as BatchUse), next: nothing };
  store.now += 1_500;
  expect(await run()).toMatchObject({ kind: 'completed' });
});

test('the more lines wait, the less often each tries', async () => {
  const { run } = await setUp({ next: { cost: 0, tokens: 950 }, others: 160 });
  expect(await run()).toEqual({ kind: 'parked', waitMs: 15_000, reason: 'budget' });
});

test('a line that does not fit beside what is spent pauses the batch with the reason', async () => {
  const { store, script, run } = await setUp({
    settled: { cost: 0, tokens: 600 },
    spent: { cost: 0, tokens: 350 },
  });
  expect(await run()).toMatchObject({ kind: 'parked', waitMs: 600_000, reason: 'budget' });
  expect(script.requests).toHaveLength(0);
  const reason = expect.stringMatching(
    /^budget: 950 of 1000 tokens are used, and the next model call may use \d+$/,
  );
  expect(store.batchChanges).toMatchObject([{ to: 'pause', reason }]);
});

test('a line that parks while the budget is raised is due at once', async () => {
  const { store, run, job } = await setUp({ settled: { cost: 0, tokens: 950 } });
  const raised = { budget: { cost: null, tokens: 2_000 } };
  store.changeBatch = async () => raised as never;
  expect(await run()).toEqual({ kind: 'parked', waitMs: 0, reason: 'budget' });
  expect(job().waitUntil).toEqual(new Date(store.now));
});

test('of a limit of cost the reason names the money', async () => {
  const { store, run } = await setUp({
    budget: { cost: 1_000_000, tokens: null },
    settled: { cost: 700_000, tokens: 0 },
  });
  await run();
  const reason = expect.stringMatching(
    /^budget: \$0\.0007\d* of \$0\.0010* are used, .* may cost \$0\.000\d+$/,
  );
  expect(store.batchChanges).toMatchObject([{ to: 'pause', reason }]);
});

test('a batch whose cost is unknown pauses, and a line whose price is unknown fails', async () => {
  const budget = { cost: 1_000_000_000, tokens: null };
  const unpriced = await setUp({ budget, settled: { cost: null, tokens: 0 } });
  expect(await unpriced.run()).toMatchObject({ kind: 'parked' });
  expect(unpriced.store.batchChanges).toEqual([
    { to: 'pause', budget, reason: expect.stringContaining('price is not known') },
  ]);
  const nobodys = await setUp({ budget }, 'nobodys');
  expect(await nobodys.run()).toMatchObject({ kind: 'failed', error: { code: 'unknown_price' } });
});
