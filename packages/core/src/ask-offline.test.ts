import { describe, expect, test } from 'vitest';
import type { AgentSpec } from './agent.ts';
import type { ContextStore } from './context-store.ts';
import type { Message } from './message.ts';
import { upstreamWait } from './offline-call.ts';
import { rebuildRequest } from './rebuild-request.ts';
import { answers, CountingTools } from './testing/counting-tools.ts';
import type { MemoryStore } from './testing/memory-store.ts';
import { asks, ScriptedModel, says } from './testing/scripted-model.ts';
import { setUpRun } from './testing/set-up-run.ts';
import { p95 } from './upstream-batch.ts';

const anHour = 3_600_000;
const offline = { agent: { execution: 'provider_batch' } as Partial<AgentSpec> };
const batch = { usage: { ...says('').usage, serviceTier: 'batch' as const } };
const answered = (reply: ReturnType<typeof says>) => ({
  kind: 'reply' as const,
  reply: { ...reply, ...batch },
});
const fault = { kind: 'fault', code: 'model_unavailable', message: 'expired' } as const;
const parked = { kind: 'parked', reason: upstreamWait };

/** What the batch would ask for the job as it stands. */
async function rebuilt(store: MemoryStore): Promise<Message[] | undefined> {
  const call = await store.offlineCall('job_1');
  const view = {
    job: async () => store.stored('job_1'),
    steps: (id: string) => store.steps(id),
    toolset: (hash: string) => store.toolset(hash),
    session: async () => null,
    turns: async () => [],
  } as unknown as ContextStore;
  return call ? (await rebuildRequest(view, call))?.messages : undefined;
}

describe('an agent that leaves its model calls to upstream batches', () => {
  test('parks at each call, runs tools in between, and asks the model for nothing itself', async () => {
    const { store, run } = await setUpRun(offline);
    const model = new ScriptedModel();
    const tools = new CountingTools({ a__tool: () => answers('ok') });
    expect(await run('job_1', model, tools)).toMatchObject(parked);
    expect(await rebuilt(store)).toEqual([{ role: 'user', content: [{ type: 'text', text: 'first' }] }]);
    store.answerOffline('job_1', answered(asks(['toolu_1', 'a__tool', { n: 1 }])));
    expect(await run('job_1', model, tools)).toMatchObject(parked);
    expect((await rebuilt(store))?.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
    expect(await store.offlineCall('job_1')).toMatchObject({ round: 1, customId: 'job_1-1-2', answer: null });
    store.answerOffline('job_1', answered(says('done')));
    expect(await run('job_1', model, tools)).toEqual({ kind: 'completed', next: null });
    expect(model.requests).toEqual([]);
    expect(tools.calls).toHaveLength(1);
    expect((await store.steps('job_1'))[2]).toMatchObject({
      content: [{ text: 'done' }],
      usage: { serviceTier: 'batch' },
    });
  });

  test('a delivery without an answer asks for nothing twice', async () => {
    const { store, run } = await setUpRun(offline);
    await run('job_1', new ScriptedModel());
    const first = await store.offlineCall('job_1');
    expect(await run('job_1', new ScriptedModel())).toMatchObject(parked);
    expect(await store.offlineCall('job_1')).toEqual(first);
  });

  test('an answer that comes before the job has parked makes it due at once', async () => {
    const { store, run } = await setUpRun(offline);
    store.before = (verb) => {
      if (verb === 'park') store.answerOffline('job_1', answered(says('done')));
    };
    expect(await run('job_1', new ScriptedModel())).toEqual({ ...parked, waitMs: 0 });
  });

  test('a fault counts as one of the model, and the call is asked anew', async () => {
    const { store, run } = await setUpRun({
      agent: { ...offline.agent, limits: { modelRetries: 1 } as never },
    });
    await run('job_1', new ScriptedModel());
    store.answerOffline('job_1', fault);
    expect(await run('job_1', new ScriptedModel())).toMatchObject({
      kind: 'parked',
      reason: 'model_unavailable: expired',
    });
    expect(store.stored('job_1').failures).toEqual({ model: 1, tools: 0 });
    expect(await run('job_1', new ScriptedModel())).toMatchObject(parked);
    expect(await store.offlineCall('job_1')).toMatchObject({ customId: 'job_1-0-3', answer: null });
    store.answerOffline('job_1', fault);
    expect(await run('job_1', new ScriptedModel())).toMatchObject({ error: { code: 'retries_exhausted' } });
  });

  test('a fault for good fails the job', async () => {
    const { store, run } = await setUpRun(offline);
    await run('job_1', new ScriptedModel());
    store.answerOffline('job_1', { kind: 'fault', code: 'model_rejected', message: 'no' });
    expect(await run('job_1', new ScriptedModel())).toMatchObject({ error: { code: 'model_rejected' } });
  });

  test('a reply that nothing can be built on is not kept', async () => {
    const { store, run } = await setUpRun(offline);
    await run('job_1', new ScriptedModel());
    const twice = asks(['toolu_1', 'a', {}], ['toolu_1', 'b', {}]);
    store.answerOffline('job_1', answered(twice));
    expect(await run('job_1', new ScriptedModel())).toMatchObject({ kind: 'parked' });
    expect(await store.offlineCall('job_1')).toBeNull();
  });

  test('a query that wants to join waits until what was asked is answered', async () => {
    const { store, run, submit } = await setUpRun({ ...offline, session: true });
    await run('job_1', new ScriptedModel());
    await submit('job_2', 'and also', { onBusy: 'steer' });
    const requests = { join: true, interrupt: false };
    await run('job_1', new ScriptedModel(), undefined, { requests });
    expect(await store.steps('job_1')).toEqual([]);
    store.answerOffline('job_1', answered(asks(['toolu_1', 'nothing', {}])));
    await run('job_1', new ScriptedModel(), undefined, { requests });
    expect((await store.steps('job_1')).map(({ kind }) => kind)).toEqual(['reply', 'result', 'steer']);
  });

  test('a provider without batches is said at once', async () => {
    const { run } = await setUpRun(offline);
    const model = new ScriptedModel();
    model.batches = false;
    expect(await run('job_1', model)).toMatchObject({ error: { code: 'unknown_model' } });
  });
});

describe('an agent that chooses', () => {
  const auto = { agent: { execution: 'auto' } as Partial<AgentSpec> };
  const within = async (leftMs: number, over: { session?: boolean } = {}) => {
    const set = await setUpRun({ ...auto, ...over });
    set.store.stored('job_1').deadline = new Date(set.store.now + leftMs);
    return set;
  };

  test('runs live without a deadline, in a session, and where the provider takes no batches', async () => {
    const plain = await setUpRun(auto);
    expect(await plain.run('job_1', new ScriptedModel(says('live')))).toMatchObject({ kind: 'completed' });
    const turn = await within(9 * anHour, { session: true });
    expect(await turn.run('job_1', new ScriptedModel(says('live')))).toMatchObject({ kind: 'completed' });
    const { run } = await within(9 * anHour);
    const model = new ScriptedModel(says('live'));
    model.batches = false;
    expect(await run('job_1', model)).toMatchObject({ kind: 'completed' });
  });

  test('goes offline while the deadline leaves the time that batches were measured to take', async () => {
    const { store, run } = await within(3 * anHour);
    expect(await run('job_1', new ScriptedModel())).toEqual({ ...parked, waitMs: 2 * anHour });
    store.durations = Array.from({ length: 100 }, (_, n) => (n + 1) * 60_000);
    const other = await within(90 * 60_000);
    other.store.durations = store.durations;
    expect(await other.run('job_1', new ScriptedModel(says('live')))).toMatchObject({ kind: 'completed' });
  });

  test('goes offline as the line of a batch while the batch has the time, in a session as well', async () => {
    const { store, run } = await setUpRun({ ...auto, session: true });
    const job = store.stored('job_1');
    Object.assign(job, { batchId: 'batch_1', expiresAt: new Date(store.now + 3 * anHour) });
    expect(await run('job_1', new ScriptedModel())).toEqual({ ...parked, waitMs: 2 * anHour });
    job.expiresAt = new Date(store.now + anHour / 2);
    expect(await run('job_1', new ScriptedModel(says('live')))).toMatchObject({ kind: 'completed' });
  });

  test('takes the call back and runs live when no batch had it in time', async () => {
    const { store, run } = await within(2 * anHour);
    await run('job_1', new ScriptedModel());
    store.stored('job_1').deadline = new Date(store.now + anHour / 2);
    expect(await run('job_1', new ScriptedModel(says('live')))).toMatchObject({ kind: 'completed' });
    expect(await store.offlineCall('job_1')).toBeNull();
  });

  test('does not pay twice for a call that a batch has', async () => {
    const { store, run } = await within(2 * anHour);
    await run('job_1', new ScriptedModel());
    const call = await store.offlineCall('job_1');
    if (call) store.offline.set('job_1', { ...call, batchId: 'ub_1' });
    store.stored('job_1').deadline = new Date(store.now + anHour / 2);
    const model = new ScriptedModel();
    expect(await run('job_1', model)).toEqual({ ...parked, waitMs: anHour / 2 });
  });

  test.each([
    [[], anHour],
    [[7], 7],
    [Array.from({ length: 100 }, (_, n) => 100 - n), 95],
  ])('p95 of %j', (durations, expected) => {
    expect(p95(durations)).toBe(expected);
  });
});
