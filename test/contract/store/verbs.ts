import { expect, test } from 'vitest';
import {
  agent,
  failure,
  newJob,
  newSession,
  type OpenedStore,
  playTurn,
  reply,
  result,
  success,
  taken,
  tenant,
} from './fixtures.ts';

const anHour = 3_600_000;

/** What each verb of the port promises, one at a time. */
export function storeVerbs(opened: () => OpenedStore): void {
  const store = () => opened().store;

  test('migrating again changes nothing', async () => {
    await store().migrate();
    await store().check();
  });

  test('an accepted job is there, whole, for its tenant only', async () => {
    const job = newJob({ metadata: { team: 'blue' } });
    const accepted = await store().accept(job);
    expect(accepted).toMatchObject({ created: true, ready: true });
    expect(await store().job(tenant, job.id)).toMatchObject({
      id: job.id,
      state: 'queued',
      epoch: 0,
      agent,
      query: job.query,
      metadata: { team: 'blue' },
      sessionId: null,
    });
    expect(await store().job('tenant_b', job.id)).toBeNull();
  });

  test('an idempotency key makes one job, and refuses another request', async () => {
    const key = { idempotencyKey: `key-${Math.random()}`, requestHash: 'h1' };
    const first = await store().accept(newJob(key));
    const again = await store().accept(newJob(key));
    expect(again).toMatchObject({ created: false, ready: false, job: { id: first.job.id } });
    await expect(store().accept(newJob({ ...key, requestHash: 'h2' }))).rejects.toMatchObject({
      code: 'idempotency_conflict',
    });
    const other = await store().accept(newJob({ ...key, tenant: 'tenant_b' }));
    expect(other.created).toBe(true);
  });

  test('a session that is unknown, or of another tenant, takes no job', async () => {
    const sessionId = await newSession(store());
    await expect(store().accept(newJob({ sessionId: 'sess_none' }))).rejects.toMatchObject({
      code: 'session_not_found',
    });
    const foreign = newJob({ sessionId, tenant: 'tenant_b' });
    await expect(store().accept(foreign)).rejects.toMatchObject({ code: 'session_not_found' });
    expect(await store().job('tenant_b', foreign.id)).toBeNull();
    expect(await store().session('tenant_b', sessionId)).toBeNull();
  });

  test('only the first job of a session is ready, and each end hands it on in order', async () => {
    const sessionId = await newSession(store());
    const jobs = [];
    for (let n = 0; n < 3; n += 1) jobs.push(await store().accept(newJob({ sessionId })));
    expect(jobs.map((accepted) => accepted.ready)).toEqual([true, false, false]);
    const [a, b, c] = jobs.map((accepted) => accepted.job.id) as [string, string, string];
    expect(await store().take(b)).toEqual({ kind: 'blocked' });
    expect(await store().settle((await taken(store(), a)).fence, success())).toEqual({
      kind: 'settled',
      next: b,
    });
    expect(await store().settle((await taken(store(), b)).fence, failure())).toEqual({
      kind: 'settled',
      next: c,
    });
    expect(await store().settle((await taken(store(), c)).fence, success())).toEqual({
      kind: 'settled',
      next: null,
    });
    expect(await store().session(tenant, sessionId)).toMatchObject({ activeJob: null });
    expect(await store().accept(newJob({ sessionId }))).toMatchObject({ ready: true });
  });

  test('a take raises the epoch and reads the record; the older epoch can write no more', async () => {
    const { job } = await store().accept(newJob());
    const old = await taken(store(), job.id);
    expect(await store().recordStep(old.fence, reply(), { durable: false })).toEqual({ kind: 'recorded' });
    expect(await store().claim(old.fence, [{ round: 0, slot: 2 }])).toEqual([{ round: 0, slot: 2 }]);
    const fresh = await taken(store(), job.id);
    expect(fresh.job).toMatchObject({ state: 'running', epoch: old.job.epoch + 1, crashes: 1 });
    expect(fresh.steps).toEqual([reply()]);
    expect(fresh.claims).toMatchObject([{ round: 0, slot: 2, epoch: old.job.epoch }]);
    expect(await store().recordStep(old.fence, reply(), { durable: true })).toEqual({ kind: 'superseded' });
    expect(await store().claim(old.fence, [{ round: 0, slot: 3 }])).toBe('superseded');
    expect(
      await store().park(old.fence, { waitMs: anHour, reason: 'x', failures: { model: 1, tools: 0 } }),
    ).toBe('superseded');
    expect(await store().release(old.fence)).toBe('superseded');
    expect(await store().settle(old.fence, failure())).toEqual({ kind: 'superseded' });
    expect(await store().settle(fresh.fence, success({ step: reply({ round: 1 }) }))).toMatchObject({
      kind: 'settled',
    });
  });

  test('crashes at one step add up, and begin anew once a step was added', async () => {
    const { job } = await store().accept(newJob());
    await taken(store(), job.id);
    expect((await taken(store(), job.id)).job.crashes).toBe(1);
    const third = await taken(store(), job.id);
    expect(third.job.crashes).toBe(2);
    await store().recordStep(third.fence, reply(), { durable: false });
    expect((await taken(store(), job.id)).job.crashes).toBe(1);
  });

  test('a position is written once; whoever comes later adopts what stands there', async () => {
    const { job } = await store().accept(newJob());
    const { fence } = await taken(store(), job.id);
    const first = result({ block: { type: 'tool_result', tool_use_id: 'a', content: 'first' } });
    await store().recordStep(fence, first, { durable: false });
    const second = result({ block: { type: 'tool_result', tool_use_id: 'a', content: 'second' } });
    expect(await store().recordStep(fence, second, { durable: false })).toEqual({
      kind: 'taken',
      step: first,
    });
    expect(await store().steps(job.id)).toEqual([first]);
  });

  test('steps come back in order and byte for byte', async () => {
    const { job } = await store().accept(newJob());
    const { fence } = await taken(store(), job.id);
    const odd = {
      type: 'odd',
      z: 1,
      a: { $set: 1, 'dotted.key': 2, '10': 'ten', '9': 'nine', __proto__x: null },
      text: 'NUL \u0000, lone \ud800, ünïcödé, 日本語, \u2028',
    };
    const first = reply({ content: [odd], stopReason: 'tool_use' });
    await store().recordStep(fence, result({ slot: 12 }), { durable: false });
    await store().recordStep(fence, result({ slot: 2 }), { durable: false });
    await store().recordStep(fence, first, { durable: true });
    const steps = await store().steps(job.id);
    expect(steps.map((step) => step.slot)).toEqual([0, 2, 12]);
    expect(JSON.stringify(steps[0])).toBe(JSON.stringify(first));
    expect(JSON.stringify((await taken(store(), job.id)).steps)).toBe(JSON.stringify(steps));
  });

  test('a settled job never changes again', async () => {
    const { job } = await store().accept(newJob());
    const { fence } = await taken(store(), job.id);
    await store().settle(fence, success());
    const settled = await store().job(tenant, job.id);
    expect(settled).toMatchObject({ state: 'succeeded', answer: 'an answer', totals: { modelCalls: 1 } });
    expect(await store().settle(fence, failure())).toEqual({ kind: 'superseded' });
    expect(await store().recordStep(fence, reply({ round: 5 }), { durable: true })).toEqual({
      kind: 'superseded',
    });
    expect(await store().take(job.id)).toEqual({ kind: 'ended', state: 'succeeded', next: null });
    expect(await store().job(tenant, job.id)).toEqual(settled);
    expect(await store().steps(job.id)).toEqual([reply()]);
  });

  test('settling with a final reply adopts one that stands at its position', async () => {
    const { job } = await store().accept(newJob());
    const { fence } = await taken(store(), job.id);
    const standing = reply({ content: [{ type: 'text', text: 'standing' }] });
    await store().recordStep(fence, standing, { durable: false });
    expect(await store().settle(fence, success())).toEqual({ kind: 'taken', step: standing });
    expect(await store().job(tenant, job.id)).toMatchObject({ state: 'running' });
    expect(await store().settle(fence, success({ step: null, answer: 'standing' }))).toMatchObject({
      kind: 'settled',
    });
  });

  test('a job that failed keeps its error', async () => {
    const { job } = await store().accept(newJob());
    await store().settle((await taken(store(), job.id)).fence, failure());
    expect(await store().job(tenant, job.id)).toMatchObject({
      state: 'failed',
      error: failure().error,
      answer: null,
    });
  });

  test('the context is the succeeded turns before it, from the cut on', async () => {
    const sessionId = await newSession(store());
    const first = await playTurn(store(), sessionId);
    await playTurn(store(), sessionId, failure());
    const third = await playTurn(store(), sessionId);
    const { job } = await store().accept(newJob({ sessionId }));
    const take = await taken(store(), job.id);
    expect(take.turns.map((turn) => turn.jobId)).toEqual([first, third]);
    expect(take.turns[0]).toMatchObject({ query: newJob().query, steps: [reply()] });
    expect(take.session).toMatchObject({ id: sessionId, activeJob: job.id });
    const cut = take.turns[1]?.turn as number;
    await store().cutContext(sessionId, cut);
    await store().cutContext(sessionId, cut - 1);
    expect((await taken(store(), job.id)).turns.map((turn) => turn.jobId)).toEqual([third]);
    expect((await store().turns(tenant, sessionId)).map((turn) => turn.jobId)).toEqual([first, third]);
    expect(await store().turns('tenant_b', sessionId)).toEqual([]);
  });

  test('a parked job waits, and is taken when its time has come', async () => {
    const { job } = await store().accept(newJob());
    const { fence } = await taken(store(), job.id);
    expect(
      await store().park(fence, { waitMs: anHour, reason: 'overloaded', failures: { model: 2, tools: 0 } }),
    ).toBe('parked');
    expect(await store().job(tenant, job.id)).toMatchObject({
      state: 'waiting',
      waitUntil: expect.any(Date),
      failures: { model: 2, tools: 0 },
    });
    expect(await store().take(job.id)).toEqual({ kind: 'waiting', waitMs: expect.closeTo(anHour, -4) });
    const { job: due } = await store().accept(newJob());
    const wait = { waitMs: -1_000, reason: 'x', failures: { model: 1, tools: 0 } };
    await store().park((await taken(store(), due.id)).fence, wait);
    expect((await taken(store(), due.id)).job).toMatchObject({
      waitUntil: null,
      crashes: 0,
      failures: { model: 1, tools: 0 },
    });
  });

  test('a released job is queued again and charged nothing', async () => {
    const { job } = await store().accept(newJob());
    expect(await store().release((await taken(store(), job.id)).fence)).toBe('released');
    expect((await taken(store(), job.id)).job).toMatchObject({
      crashes: 0,
      failures: { model: 0, tools: 0 },
    });
  });

  test('a claim is held by one epoch, is repeatable by it, and can be withdrawn by it', async () => {
    const { job } = await store().accept(newJob());
    const old = await taken(store(), job.id);
    const at = [
      { round: 0, slot: 1 },
      { round: 0, slot: 2 },
    ];
    expect(await store().claim(old.fence, at)).toHaveLength(2);
    expect(await store().claim(old.fence, at)).toHaveLength(2);
    await store().unclaim(old.fence, [at[1] as (typeof at)[0]]);
    const fresh = await taken(store(), job.id);
    expect(await store().claim(fresh.fence, at)).toEqual([{ round: 0, slot: 2 }]);
    await store().unclaim(fresh.fence, at);
    expect((await taken(store(), job.id)).claims).toMatchObject([{ slot: 1, epoch: old.job.epoch }]);
  });

  test("a claim is the taker's own even where two have one epoch", async () => {
    const { job } = await store().accept(newJob());
    const first = await taken(store(), job.id);
    const at = [{ round: 0, slot: 1 }];
    await store().claim(first.fence, at);
    // As after a crash of the database in which the take was lost and its epoch was given out again.
    const second = { ...first.fence, owner: 'another' };
    expect(await store().claim(second, at)).toEqual([]);
    await store().unclaim(second, at);
    expect(await store().claims(job.id)).toHaveLength(1);
  });

  test('toolsets are kept by hash', async () => {
    const tool = {
      name: 'a__b',
      description: 'd',
      inputSchema: { type: 'object', $ref: 'x' },
      safety: 'unsafe',
    } as const;
    const toolset = { hash: `hash-${Math.random()}`, tools: [tool] };
    await store().saveToolset(toolset);
    await store().saveToolset(toolset);
    expect(await store().toolset(toolset.hash)).toEqual(toolset);
    expect(await store().toolset('none')).toBeNull();
  });

  test('lists are pages of one tenant, newest first', async () => {
    const mine = `tenant_${Math.random()}`;
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.unshift((await store().accept(newJob({ tenant: mine }))).job.id);
    const page = await store().jobs(mine, {}, { limit: 2 });
    expect(page.map((job) => job.id)).toEqual(ids.slice(0, 2));
    const rest = await store().jobs(mine, {}, { limit: 2, after: page[1]?.id });
    expect(rest.map((job) => job.id)).toEqual(ids.slice(2));
    await taken(store(), ids[0] as string);
    expect(await store().jobs(mine, { state: 'running' }, { limit: 9 })).toHaveLength(1);
    expect(await store().jobs('tenant_b', { sessionId: 'x' }, { limit: 9 })).toEqual([]);
  });
}
