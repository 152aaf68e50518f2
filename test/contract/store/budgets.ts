import { type Budget, budgetWait, noBudget, type Wait } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { expect, test } from 'vitest';
import {
  cancellation,
  contend,
  failure,
  newJob,
  newSession,
  type OpenedStore,
  reply,
  success,
  taken,
  tenant,
} from './fixtures.ts';

const dollar = 1_000_000_000;
const aDay = 86_400_000;
const need = {
  spent: { cost: 3 * dollar, tokens: 5_000_000_000 },
  next: { cost: null, tokens: 12 },
};

/** What jobs cost and may cost. */
export function budgetRules(opened: () => OpenedStore, rounds: number): void {
  const store = () => opened().store;
  const running = async (budget: Budget, over = {}) => {
    const { job } = await store().accept(newJob({ budget, ...over }));
    return taken(store(), job.id);
  };
  const wait = (known: Budget): Wait => ({
    waitMs: null,
    reason: budgetWait,
    failures: { model: 2, tools: 1 },
    budget: { known, need },
  });

  /** A job that waits for its budget. */
  async function waiting(budget: Budget, over = {}) {
    const { job, fence } = await running(budget, over);
    expect(await store().park(fence, wait(budget))).toBe('parked');
    return { job, fence };
  }
  const unmoved = async (jobId: string) =>
    (await store().unmovedJobs({ idleMs: -1_000, runningIdleMs: aDay }, { after: null, limit: 10_000 })).find(
      (job) => job.jobId === jobId,
    );

  test('a job keeps its budget, and one without has none', async () => {
    const budget = { cost: 8_000_000 * dollar, tokens: 9_000_000_000 };
    const { job } = await store().accept(newJob({ budget }));
    expect(job).toMatchObject({ budget, budgetNeed: null });
    expect(await store().job(tenant, job.id)).toMatchObject({ budget, budgetNeed: null });
    expect((await taken(store(), job.id)).job.budget).toEqual(budget);
    const plain = await store().accept(newJob({ sessionId: await newSession(store()) }));
    expect(plain.job.budget).toEqual(noBudget);
    const limited = await store().accept(newJob({ sessionId: await newSession(store()), budget }));
    expect(limited.job.budget).toEqual(budget);
  });

  test('one that waits for its budget is due at no time, and is not offered to the queue', async () => {
    const { job } = await waiting({ cost: dollar, tokens: null });
    expect(await store().job(tenant, job.id)).toMatchObject({
      state: 'waiting',
      waitUntil: null,
      waitReason: budgetWait,
      failures: { model: 2, tools: 1 },
      budgetNeed: need,
    });
    expect(await store().take(job.id)).toEqual({ kind: 'waiting', waitMs: null });
    expect(await unmoved(job.id)).toBeUndefined();
  });

  test('raising it makes the job due, which then goes on with what it now has', async () => {
    const { job } = await waiting({ cost: dollar, tokens: null });
    const raised = await store().raiseBudget(tenant, job.id, { cost: 2 * dollar });
    expect(raised).toMatchObject({ id: job.id, budget: { cost: 2 * dollar, tokens: null } });
    expect((await unmoved(job.id))?.delayMs).toBe(0);
    const again = await taken(store(), job.id);
    expect(again.job).toMatchObject({
      budget: { cost: 2 * dollar, tokens: null },
      budgetNeed: null,
      crashes: 0,
      failures: { model: 2, tools: 1 },
    });
    expect(await store().settle(again.fence, success())).toMatchObject({ kind: 'settled' });
  });

  test.each([
    ['what is absent stays', { cost: 5, tokens: 6 }, { cost: 7 }, { cost: 7, tokens: 6 }],
    ['null takes a limit away', { cost: 5, tokens: 6 }, { cost: null, tokens: 8 }, { cost: null, tokens: 8 }],
    ['less changes nothing', { cost: 5, tokens: 6 }, { cost: 4, tokens: 0 }, { cost: 5, tokens: 6 }],
    [
      'no limit stays none',
      { cost: null, tokens: null },
      { cost: 4, tokens: 4 },
      { cost: null, tokens: null },
    ],
  ])('raising: %s', async (_what, budget, raise, after) => {
    const { job } = await store().accept(newJob({ budget }));
    expect((await store().raiseBudget(tenant, job.id, raise))?.budget).toEqual(after);
    expect((await store().job(tenant, job.id))?.budget).toEqual(after);
    expect((await store().job(tenant, job.id))?.state).toBe('queued');
  });

  test('that of another tenant, of no job and of one that has ended is not raised', async () => {
    const { job, fence } = await running({ cost: dollar, tokens: null });
    expect(await store().raiseBudget('tenant_b', job.id, { cost: null })).toBeNull();
    expect(await store().raiseBudget(tenant, 'job_none', { cost: null })).toBeNull();
    await store().settle(fence, success());
    expect(await store().raiseBudget(tenant, job.id, { cost: null })).toBeNull();
    expect(await store().job(tenant, job.id)).toMatchObject({
      state: 'succeeded',
      budget: { cost: dollar, tokens: null },
    });
  });

  test('a job that parks with a budget that was raised meanwhile is due at once', async () => {
    const budget = { cost: dollar, tokens: 7 };
    const { job, fence } = await running(budget);
    await store().raiseBudget(tenant, job.id, { tokens: 8 });
    expect(await store().park(fence, wait(budget))).toBe('due');
    await taken(store(), job.id);
  });

  test('a raise and a parking at the same time never leave a job asleep', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const budget = { cost: dollar, tokens: null };
      const { job, fence } = await running(budget);
      await contend<unknown>(
        () => store().park(fence, wait(budget)),
        () => store().raiseBudget(tenant, job.id, { cost: 2 * dollar }),
      );
      await taken(store(), job.id);
    }
  });

  test('one that waits is canceled, interrupted and overdue as any other', async () => {
    const canceled = await waiting({ cost: 1, tokens: null });
    expect(await store().end({ ...canceled.fence, sessionId: null }, cancellation())).toMatchObject({
      kind: 'settled',
    });
    const interrupted = await waiting({ cost: 1, tokens: null });
    expect(await store().interrupt(tenant, interrupted.job.id)).toBe(true);
    await taken(store(), interrupted.job.id);
    const late = await waiting({ cost: 1, tokens: null }, { deadline: new Date(Date.now() - 1_000) });
    expect((await store().overdueJobs(10_000)).map((job) => job.id)).toContain(late.job.id);
  });

  test('what jobs cost that ended today is added up for their tenant, whatever ended them', async () => {
    const owner = newId('key');
    const costing = (cost: number | null) => ({ ...success().totals, cost });
    const settle = async (ending = success()) => {
      const { job } = await store().accept(newJob({ tenant: owner }));
      const { fence } = await taken(store(), job.id);
      return store().settle(fence, ending);
    };
    expect(await store().dayCost(owner)).toMatchObject({ cost: 0 });
    await Promise.all(Array.from({ length: 20 }, () => settle(success({ totals: costing(3 * dollar) }))));
    await settle({ ...failure(), totals: costing(5) });
    await settle(success({ totals: costing(null) }));
    const { job } = await store().accept(newJob({ tenant: owner }));
    const canceled = { ...cancellation(), totals: costing(7) };
    const held = { jobId: job.id, tenant, sessionId: null, epoch: 0 };
    await store().end(held, canceled);
    // An end that comes a second time, and one of an older epoch, count nothing.
    expect(await store().end(held, canceled)).toEqual({ kind: 'superseded' });
    const today = await store().dayCost(owner);
    expect(today.cost).toBe(60 * dollar + 12);
    expect(today.leftMs).toBeGreaterThan(0);
    expect(today.leftMs).toBeLessThanOrEqual(aDay);
    const midnight = new Date(Date.now() + today.leftMs).toISOString();
    expect(midnight).toMatch(/T(00:00:0|23:59:5)/);
    expect(await store().dayCost(newId('key'))).toMatchObject({ cost: 0 });
  });

  test('a reply and the totals keep their cost', async () => {
    const { job, fence } = await running(noBudget);
    const first = reply({ content: [{ type: 'tool_use', id: 'a', name: 't', input: {} }], cost: 7 * dollar });
    await store().recordStep(fence, first, { durable: false });
    const step = reply({ round: 1, cost: 0 });
    const totals = { ...success().totals, cost: 7 * dollar };
    await store().settle(fence, success({ step, totals }));
    expect(await store().steps(job.id)).toEqual([first, step]);
    expect((await store().job(tenant, job.id))?.totals).toEqual(totals);
  });
}
