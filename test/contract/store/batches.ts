import {
  type Batch,
  batchEvent,
  type Ending,
  encodeLine,
  type JobTotals,
  lineJob,
  lineJobId,
  type NewLine,
  noBudget,
  totalsOf,
  type UnannouncedBatch,
  type WaitingLine,
  workOf,
} from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { beforeEach, describe, expect, it } from 'vitest';
import { agent, newSession, type OpenedStore, reply, success, taken } from './fixtures.ts';

const hour = 3_600_000;
const totals: JobTotals = {
  ...totalsOf([]),
  inputTokens: 1500,
  outputTokens: 500,
  modelCalls: 1,
  stepMs: 2000,
};

/** Batches, their lines and what becomes of them. */
export function batchRules(opened: () => OpenedStore): void {
  const store = () => opened().store;
  /** Of its own for each test, since a share is counted for a tenant. */
  let tenant: string;
  beforeEach(() => {
    tenant = newId('key');
  });

  const create = (over: Partial<Batch> = {}) =>
    store().createBatch({
      id: newId('batch'),
      tenant,
      surface: 'fleet',
      agent: 'default',
      onInvalid: 'skip',
      metadata: { made: 'for a test' },
      budget: noBudget,
      expiresAt: new Date(Date.now() + hour),
      ...over,
    });

  const line = (n: number, over: Partial<NewLine> = {}): NewLine => ({
    n,
    customId: `line-${n}`,
    sessionId: null,
    body: encodeLine({ query: [{ type: 'text', text: `query ${n}` }], agent: 'default', metadata: {} }),
    problem: null,
    ...over,
  });
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

  async function append(batch: Batch, lines: NewLine[], offset = 0, bytes = 100) {
    return store().appendLines(batch.tenant, batch.id, {
      offset,
      bytes,
      lines,
      lastLine: Math.max(...lines.map(({ n }) => n)),
      agents: { default: agent },
    });
  }

  /** A batch that runs, with so many lines. */
  async function running(count: number, over: Partial<NewLine> = {}): Promise<Batch> {
    const batch = await create();
    await append(
      batch,
      numbers(count).map((n) => line(n, over)),
    );
    return (await store().finalizeBatch(tenant, batch.id)) as Batch;
  }

  const read = async (batch: Batch) => (await store().batch(batch.tenant, batch.id)) as Batch;
  const states = async (batch: Batch) =>
    (await store().lineResults(batch.id, { after: 0, limit: 1000, ended: false })).map(({ state }) => state);

  /** Makes jobs of the first lines that wait; returns the jobs' ids. */
  async function admit(batch: Batch, limit: number): Promise<string[]> {
    const known = await read(batch);
    const waiting = await store().waitingLines(batch.id, limit);
    const jobs = waiting.map((each) => ({ n: each.n, job: lineJob(known, each) }));
    const admitted = await store().admitLines(batch.id, jobs);
    return jobs.filter(({ n }) => admitted.includes(n)).map(({ job }) => job.id);
  }

  async function settle(jobId: string, over: Partial<Ending> = {}): Promise<void> {
    const { fence } = await taken(store(), jobId);
    await store().settle(fence, success({ totals, step: null, ...over }));
  }

  const collect = (batch: Batch, limit = 1000) => store().collectLines(batch.id, { limit, lostMs: hour });

  it('is read by its tenant alone, and listed newest first by its surface', async () => {
    const [first, second] = [await create(), await create()];
    const other = await create({ surface: 'messages' });
    expect(await store().batch(tenant, first.id)).toEqual(first);
    expect(await store().batch('another', first.id)).toBeNull();
    expect(first).toMatchObject({ state: 'uploading', bytes: 0, counts: { waiting: 0 }, endedAt: null });
    const ids = async (surface: Batch['surface'], after?: string) =>
      (await store().batches(tenant, surface, { limit: 10, after })).map(({ id }) => id);
    expect(await ids('fleet')).toEqual([second.id, first.id]);
    expect(await ids('fleet', second.id)).toEqual([first.id]);
    expect(await ids('messages')).toEqual([other.id]);
  });

  describe('an upload', () => {
    it('goes on only where it stands', async () => {
      const batch = await create();
      expect(await append(batch, [line(1)], 0, 70)).toEqual({ kind: 'appended', duplicates: [] });
      expect(await append(batch, [line(1)], 0, 70)).toEqual({ kind: 'elsewhere', bytes: 70 });
      expect(await append(batch, [line(2)], 70, 30)).toEqual({ kind: 'appended', duplicates: [] });
      expect(await read(batch)).toMatchObject({
        bytes: 100,
        lastLine: 2,
        counts: { waiting: 2, invalid: 0 },
      });
      expect((await read(batch)).agents).toEqual({ default: agent });
      expect(
        await store().appendLines('another', batch.id, {
          offset: 100,
          bytes: 1,
          lines: [],
          lastLine: 0,
          agents: {},
        }),
      ).toEqual({
        kind: 'absent',
      });
    });

    it('of two that are made at once at one place, one is kept', async () => {
      const batch = await create();
      const made = await Promise.all(
        ['a', 'b', 'c'].map((name) => append(batch, [line(1, { customId: name })], 0, 10)),
      );
      expect(made.filter(({ kind }) => kind === 'appended')).toHaveLength(1);
      expect(await read(batch)).toMatchObject({ bytes: 10, counts: { waiting: 1, invalid: 0 } });
    });

    it('keeps lines whose custom id was used before, as invalid ones that say so', async () => {
      const batch = await create();
      await append(batch, [line(1), line(2, { customId: 'line-1' })], 0, 10);
      const again = await append(batch, [line(3, { customId: 'line-1' }), line(4)], 10, 10);
      expect(again).toEqual({ kind: 'appended', duplicates: [3] });
      expect((await read(batch)).counts).toMatchObject({ waiting: 2, invalid: 2 });
      const results = await store().lineResults(batch.id, { after: 0, limit: 10, ended: false });
      expect(results.map(({ n, state, customId }) => [n, state, customId])).toEqual([
        [1, 'waiting', 'line-1'],
        [2, 'invalid', null],
        [3, 'invalid', null],
        [4, 'waiting', 'line-4'],
      ]);
      expect(results[2]?.problem).toContain('"line-1"');
    });

    it('keeps bad lines with their problem, and never runs them', async () => {
      const batch = await create();
      await append(batch, [line(1, { customId: null, body: null, problem: 'no JSON' }), line(2)]);
      await store().finalizeBatch(tenant, batch.id);
      expect(await admit(batch, 10)).toHaveLength(1);
      const [bad] = await store().lineResults(batch.id, { after: 0, limit: 1, ended: false });
      expect(bad).toMatchObject({ n: 1, state: 'invalid', problem: 'no JSON', job: null });
    });

    it('takes no lines once it is finalized', async () => {
      const batch = await running(1);
      expect(await append(batch, [line(2)], 100)).toEqual({ kind: 'closed', state: 'in_progress' });
    });
  });

  describe('lines', () => {
    it('become jobs in their order, each once', async () => {
      const batch = await running(5);
      const first = await admit(batch, 2);
      const ids = numbers(5).map((n) => lineJobId(batch.id, { n, run: 0 }));
      expect(first).toEqual(ids.slice(0, 2));
      expect(await admit(batch, 10)).toEqual(ids.slice(2));
      expect(await admit(batch, 10)).toEqual([]);
      expect((await read(batch)).counts).toMatchObject({ waiting: 0, open: 5 });
      expect(await store().job(tenant, first[0] as string)).toMatchObject({
        state: 'queued',
        batchId: batch.id,
        query: [{ type: 'text', text: 'query 1' }],
      });
      expect(await store().openLines(batch.id, 10)).toEqual(ids);
    });

    it('that two take at once become one job', async () => {
      const batch = await running(20);
      const known = await read(batch);
      const lines = (await store().waitingLines(batch.id, 20)).map((each) => ({
        n: each.n,
        job: lineJob(known, each),
      }));
      const admitted = await Promise.all([1, 2, 3].map(() => store().admitLines(batch.id, lines)));
      expect(admitted.flat().sort((a, b) => a - b)).toEqual(numbers(20));
      expect((await read(batch)).counts).toMatchObject({ waiting: 0, open: 20 });
    });

    it('of a session are opened, and their jobs are accepted apart', async () => {
      const sessionId = await newSession(store(), tenant);
      const batch = await running(2, { sessionId });
      const [first, second] = await admit(batch, 2);
      expect(await store().job(tenant, first as string)).toBeNull();
      const [waiting] = await store().lineResults(batch.id, { after: 0, limit: 1, ended: false });
      expect(waiting).toMatchObject({ state: 'open', job: null });
      const known = await read(batch);
      for (const [index, id] of [first, second].entries()) {
        const body = line(index + 1).body as string;
        const job = lineJob(known, { n: index + 1, run: 0, customId: 'x', sessionId, body });
        expect(job.id).toBe(id);
        expect((await store().accept(job)).created).toBe(true);
        expect((await store().accept(job)).created).toBe(false);
      }
      expect(await store().openLines(batch.id, 10)).toEqual([first, second]);
    });

    it('that were opened and have no job wait again', async () => {
      const sessionId = await newSession(store(), tenant);
      const batch = await running(1, { sessionId });
      await admit(batch, 1);
      expect(await collect(batch)).toEqual({ ended: 0, work: 0 });
      expect(await states(batch)).toEqual(['open']);
      expect(await store().collectLines(batch.id, { limit: 10, lostMs: -1000 })).toEqual({
        ended: 0,
        work: 0,
      });
      expect(await states(batch)).toEqual(['waiting']);
      expect((await read(batch)).counts).toMatchObject({ waiting: 1, open: 0 });
    });
  });

  describe('ended jobs', () => {
    it('are counted once, with their usage, and charged to the tenant', async () => {
      const batch = await running(4);
      const [one, two, three] = (await admit(batch, 3)) as [string, string, string];
      await settle(one, { step: reply() });
      await settle(two, { state: 'failed', answer: null, error: { code: 'internal', message: 'no' } });
      const collected = await collect(batch);
      expect(collected.ended).toBe(2);
      expect(collected.work).toBeCloseTo(2 * workOf(totals));
      expect(await collect(batch)).toEqual({ ended: 0, work: 0 });
      await settle(three);
      await Promise.all([1, 2, 3].map(() => collect(batch)));
      const after = await read(batch);
      expect(after.counts).toMatchObject({ waiting: 1, open: 0, succeeded: 2, errored: 1 });
      expect(after.totals).toMatchObject({
        inputTokens: 4500,
        outputTokens: 1500,
        modelCalls: 3,
        stepMs: 6000,
      });
      const share = (await store().shares([tenant, 'nobody'])).get(tenant);
      expect(share?.used).toBeCloseTo(3 * workOf(totals));
      expect(share?.weight).toBe(1);
      await store().raiseShare(tenant, 1);
      expect((await store().shares([tenant])).get(tenant)?.used).toBe(share?.used);
      await store().raiseShare(tenant, 1000);
      expect((await store().shares([tenant])).get(tenant)?.used).toBe(1000);
      expect((await store().shares(['nobody'])).get('nobody')).toEqual({ used: 0, weight: 1 });
    });

    it('whose cost is not known make that of the batch unknown', async () => {
      const batch = await running(2);
      const [one, two] = (await admit(batch, 2)) as [string, string];
      await settle(one, { totals: { ...totals, cost: null } });
      await settle(two);
      await collect(batch);
      expect((await read(batch)).totals).toMatchObject({ inputTokens: 3000, cost: null });
    });

    it('are collected in pieces', async () => {
      const batch = await running(5);
      for (const id of await admit(batch, 5)) await settle(id);
      const ended = [];
      for (let n = 0; n < 4; n += 1) ended.push((await collect(batch, 2)).ended);
      expect(ended).toEqual([2, 2, 1, 0]);
      expect((await read(batch)).counts).toMatchObject({ open: 0, succeeded: 5 });
    });

    it('show in the results with their answers and last replies', async () => {
      const batch = await running(2);
      const [one] = (await admit(batch, 2)) as [string, string];
      const last = reply({ content: [{ type: 'text', text: 'the end' }] });
      await settle(one, { step: last, answer: 'the end' });
      await collect(batch);
      const results = await store().lineResults(batch.id, { after: 0, limit: 10, ended: false });
      expect(results[0]).toMatchObject({
        n: 1,
        state: 'succeeded',
        job: { id: one, answer: 'the end' },
        reply: last,
      });
      expect(results[1]).toMatchObject({ n: 2, state: 'open', reply: null });
      expect(await store().lineResults(batch.id, { after: 1, limit: 1, ended: false })).toHaveLength(1);
      const ended = await store().lineResults(batch.id, { after: 0, limit: 10, ended: true });
      expect(ended.map(({ n }) => n)).toEqual([1]);
    });
  });

  it('tells which open lines of sessions have no job yet, in their order', async () => {
    const sessionId = await newSession(store(), tenant);
    const batch = await create();
    const own = { sessionId };
    await append(batch, [line(1, own), line(2), line(3, own), line(4, own)]);
    await store().finalizeBatch(tenant, batch.id);
    await admit(batch, 3);
    const unmade = await store().unmadeLines(batch.id, 10);
    expect(unmade).toMatchObject([{ n: 1, run: 0, customId: 'line-1', ...own }, { n: 3 }]);
    expect(await store().unmadeLines(batch.id, 1)).toMatchObject([{ n: 1 }]);
    await store().accept(lineJob(await read(batch), unmade[0] as WaitingLine));
    expect(await store().unmadeLines(batch.id, 10)).toMatchObject([{ n: 3 }]);
  });

  describe('reservations in its budget', () => {
    const need = (cost: number, tokens = cost) => ({
      spent: { cost, tokens },
      next: { cost: 10 * cost, tokens: 10 * tokens },
    });

    it('are those of other open lines, the latest of each, beside what ended ones had', async () => {
      const budget = { cost: 1_000_000_000_000, tokens: 9_000_000_000 };
      const batch = await create({ budget });
      await append(
        batch,
        numbers(4).map((n) => line(n)),
      );
      await store().finalizeBatch(tenant, batch.id);
      const [one, two, three] = (await admit(batch, 3)) as [string, string, string];
      const reserve = (id: string, cost: number) => store().reserve(batch.id, id, need(cost));
      const nothing = { cost: 0, tokens: 0 };
      expect(await reserve(one, 5)).toEqual({
        ...{ budget, settled: nothing, spent: nothing, next: nothing },
        others: 2,
      });
      await reserve(two, 3);
      expect(await reserve(one, 7)).toMatchObject({ spent: { cost: 3 }, next: { cost: 30, tokens: 30 } });
      const large = 400_000_000_000;
      await reserve(one, large);
      expect(await reserve(three, 1)).toMatchObject({
        spent: { cost: large + 3, tokens: large + 3 },
        next: { cost: 10 * large + 30 },
      });
      await settle(one, { totals: { ...totals, cost: 9, cacheReadTokens: 1, cacheWriteTokens: 2 } });
      await collect(batch);
      expect(await reserve(three, 1)).toMatchObject({
        settled: { cost: 9, tokens: 2003 },
        spent: { cost: 3 },
        next: { cost: 30 },
      });
      await settle(two, { totals: { ...totals, cost: null } });
      await collect(batch);
      expect(await reserve(three, 1)).toMatchObject({ settled: { cost: null }, spent: nothing });
      await expect(store().reserve('batch_0', three, need(1))).rejects.toMatchObject({ code: 'not_found' });
    });

    it('of which two are made at once: one at least sees the other', async () => {
      const batch = await running(2);
      for (const [one, two] of [(await admit(batch, 2)) as [string, string]]) {
        const seen = await Promise.all([one, two].map((id) => store().reserve(batch.id, id, need(1))));
        expect(Math.max(...seen.map(({ next }) => next.tokens))).toBe(10);
      }
    });

    it('are gone when a line opens anew', async () => {
      const batch = await running(2);
      const [one, two] = (await admit(batch, 2)) as [string, string];
      await store().reserve(batch.id, one, need(5));
      await settle(one, { state: 'failed', answer: null, error: { code: 'internal', message: 'no' } });
      await collect(batch);
      await store().retryLines(tenant, batch.id, new Date(Date.now() + hour));
      expect(await admit(batch, 1)).toHaveLength(1);
      expect((await store().reserve(batch.id, two, need(1))).next.cost).toBe(0);
    });

    it('are asked for by jobs of a batch with a budget alone', async () => {
      const batch = await running(2);
      const [one, two] = (await admit(batch, 2)) as [string, string];
      expect(await taken(store(), one)).toMatchObject({ batchBudgeted: false });
      await store().changeBatch(tenant, batch.id, { to: 'budget', budget: { cost: null, tokens: 1 } });
      expect(await taken(store(), two)).toMatchObject({ batchBudgeted: true });
    });
  });

  describe('its state', () => {
    it('is changed by what its state allows, and by nothing else', async () => {
      const batch = await running(1);
      const to = (change: Parameters<ReturnType<typeof store>['changeBatch']>[2]) =>
        store().changeBatch(tenant, batch.id, change);
      expect(await to({ to: 'resume' })).toMatchObject({ state: 'in_progress' });
      expect(await to({ to: 'pause', reason: 'why' })).toMatchObject({ state: 'paused', pauseReason: 'why' });
      expect(await admit(batch, 1)).toEqual([]);
      expect(await to({ to: 'resume' })).toMatchObject({ state: 'in_progress', pauseReason: null });
      const budget = { cost: 5, tokens: null };
      expect(await to({ to: 'budget', budget })).toMatchObject({ state: 'in_progress', budget });
      const stale = { to: 'pause' as const, reason: 'spent', budget: { cost: 4, tokens: null } };
      expect(await to(stale)).toMatchObject({ state: 'in_progress', budget });
      expect(await to({ ...stale, budget })).toMatchObject({ state: 'paused', pauseReason: 'spent' });
      expect(await to({ to: 'cancel' })).toMatchObject({ state: 'canceling' });
      expect((await read(batch)).cancelRequestedAt).toBeInstanceOf(Date);
      expect(await to({ to: 'pause', reason: 'late' })).toMatchObject({ state: 'canceling' });
      expect(await store().changeBatch('another', batch.id, { to: 'cancel' })).toBeNull();
    });

    it('is announced at each of its ends, once, where its tenant has a webhook', async () => {
      const ended = async () =>
        (await store().unannouncedBatches(1_000)).filter((each) => each.tenant === tenant);
      const end = async (batch: Batch, state: 'failed' | 'succeeded') => {
        const [id] = (await admit(batch, 1)) as [string];
        const error = { code: 'internal' as const, message: 'no' };
        await settle(id, state === 'failed' ? { state, answer: null, error } : {});
        await collect(batch);
        await store().advanceBatch(batch.id);
      };
      const batch = await running(1);
      const webhook = await store().createWebhook({
        ...{ id: newId('wh'), tenant, url: 'https://example.com', secrets: ['whsec_a'] },
        ...{ events: [], description: '', disabled: null },
      });
      expect(await ended()).toEqual([]);
      await end(batch, 'failed');
      const [first] = await ended();
      expect(first).toEqual({ batchId: batch.id, tenant, endedAt: (await read(batch)).endedAt });
      const about = { webhookId: webhook.id, tenant, jobId: batch.id, url: null };
      const delivery = { id: newId('whd'), ...about, ...batchEvent(first as UnannouncedBatch) };
      await store().announceBatch(first as UnannouncedBatch, [delivery]);
      await store().announceBatch(first as UnannouncedBatch, [{ ...delivery, id: newId('whd') }]);
      expect(await ended()).toEqual([]);
      expect(await store().deliveries(tenant, webhook.id, { limit: 10 })).toHaveLength(1);
      await store().retryLines(tenant, batch.id, new Date(Date.now() + hour));
      expect(await ended()).toEqual([]);
      await end(batch, 'succeeded');
      const [second] = await ended();
      expect(second).toMatchObject({ batchId: batch.id });
      // An end that is over is announced no more.
      await store().announceBatch({ batchId: batch.id, endedAt: new Date(0) }, []);
      expect(await ended()).toEqual([second]);
    });

    it('is ended once nothing is left', async () => {
      const batch = await running(1);
      const [id] = (await admit(batch, 1)) as [string];
      expect(await store().advanceBatch(batch.id)).toBe('in_progress');
      await settle(id);
      await collect(batch);
      expect(await store().advanceBatch(batch.id)).toBe('ended');
      expect((await read(batch)).endedAt).toBeInstanceOf(Date);
      expect((await store().batchesAtWork(1000)).map((each) => each.id)).not.toContain(batch.id);
    });

    it('cancels what waits in pieces, and what is open by its jobs', async () => {
      const batch = await running(5);
      const [open] = (await admit(batch, 1)) as [string];
      await store().changeBatch(tenant, batch.id, { to: 'cancel' });
      expect(await admit(batch, 5)).toEqual([]);
      expect(await store().closeLines(batch.id, 'canceled', 3)).toBe(3);
      expect(await store().closeLines(batch.id, 'canceled', 3)).toBe(1);
      expect(await store().advanceBatch(batch.id)).toBe('canceling');
      await settle(open, { state: 'canceled', answer: null });
      await collect(batch);
      expect(await store().advanceBatch(batch.id)).toBe('ended');
      expect((await read(batch)).counts).toMatchObject({ canceled: 5, waiting: 0, open: 0 });
    });

    it('is expiring when its time has come, also while it is uploaded', async () => {
      const past = { expiresAt: new Date(Date.now() - 1000) };
      const batch = await create(past);
      await append(batch, [line(1)]);
      const later = await create();
      const atWork = (await store().batchesAtWork(1000)).map((each) => each.id);
      expect(atWork).toContain(batch.id);
      expect(atWork).not.toContain(later.id);
      expect(await store().advanceBatch(batch.id)).toBe('expiring');
      await store().closeLines(batch.id, 'expired', 10);
      expect(await store().advanceBatch(batch.id)).toBe('ended');
      expect((await read(batch)).counts).toMatchObject({ expired: 1 });
    });

    it('runs again for the lines that failed', async () => {
      const batch = await running(3);
      const [one, two, three] = (await admit(batch, 3)) as [string, string, string];
      await settle(one);
      await settle(two, { state: 'failed', answer: null, error: { code: 'internal', message: 'no' } });
      await settle(three, { state: 'expired', answer: null });
      await collect(batch);
      await store().advanceBatch(batch.id);
      const until = new Date(Date.now() + 2 * hour);
      expect(await store().retryLines(tenant, batch.id, until)).toMatchObject({
        state: 'in_progress',
        endedAt: null,
        expiresAt: until,
        counts: { waiting: 2, succeeded: 1, errored: 0, expired: 0 },
      });
      expect(await admit(batch, 3)).toEqual([2, 3].map((n) => lineJobId(batch.id, { n, run: 1 })));
      expect(await store().retryLines('another', batch.id, until)).toBeNull();
    });
  });

  it('is deleted with its lines and jobs once it has ended', async () => {
    const batch = await running(3);
    const ids = await admit(batch, 3);
    expect(await store().deleteBatch(tenant, batch.id)).toBe('not_ended');
    for (const id of ids) await settle(id, { step: reply() });
    await collect(batch);
    await store().advanceBatch(batch.id);
    expect(await store().deleteBatch('another', batch.id)).toBe('absent');
    expect(await store().deleteBatch(tenant, batch.id)).toBe('deleted');
    expect(await store().batch(tenant, batch.id)).toBeNull();
    expect(await states(batch)).toEqual([]);
    expect(await store().job(tenant, ids[0] as string)).toBeNull();
    expect(await store().steps(ids[0] as string)).toEqual([]);
  });
}
