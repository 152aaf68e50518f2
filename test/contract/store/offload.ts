import { type OfflineAnswer, type OfflineCall, upstreamWait } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { expect, test } from 'vitest';
import {
  cancellation,
  contend,
  newJob,
  newSession,
  type OpenedStore,
  reply,
  success,
  taken,
  tenant,
} from './fixtures.ts';

const anHour = 3_600_000;
const wait = { waitMs: anHour, reason: upstreamWait, failures: { model: 1, tools: 0 } };
const fault: OfflineAnswer = { kind: 'fault', code: 'model_unavailable', message: 'expired' };
const answer = (text: string): OfflineAnswer => ({
  kind: 'reply',
  reply: {
    content: [{ type: 'text', text, '2': 'x', '1': '\u0000\ud800' }],
    stopReason: 'end_turn',
    model: 'simulated',
    usage: { inputTokens: 1, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 4, serviceTier: 'batch' },
  },
});

/** Model calls that jobs leave to upstream batches. Each test has a model of its own, so that none sees another's. */
export function offloadRules(opened: () => OpenedStore, rounds: number): void {
  const store = () => opened().store;
  let models = 0;
  const newModel = () => `simulated-${++models}`;

  /** A job that waits for an upstream batch. */
  async function waiting(model: string, over: Parameters<typeof newJob>[0] = {}) {
    const { job, fence } = await taken(store(), (await store().accept(newJob(over))).job.id);
    expect(await store().askOffline(fence, { round: 0, model, toolset: 'none' })).toBe('asked');
    expect(await store().park(fence, wait)).toBe('parked');
    return { job, fence };
  }
  const callOf = async (jobId: string) => (await store().offlineCall(jobId)) as OfflineCall;
  const claim = async (model: string, limit = 100) => {
    const id = newId('ub');
    return { id, calls: await store().claimCalls({ id, model }, limit) };
  };
  const answers = (calls: readonly OfflineCall[], what: OfflineAnswer = answer('yes')) =>
    new Map(calls.map((call) => [call.customId, what]));
  const stateOf = async (id: string) => (await store().openBatches()).find((batch) => batch.id === id);
  const waits = async (model: string) =>
    (await store().waitingCalls()).find((waitingCalls) => waitingCalls.model === model);

  test('a call is asked once a round, by the newest epoch', async () => {
    const model = newModel();
    const { job, fence } = await taken(store(), (await store().accept(newJob())).job.id);
    expect(await store().offlineCall(job.id)).toBeNull();
    await store().askOffline(fence, { round: 0, model, toolset: 'a' });
    const first = await callOf(job.id);
    expect(first).toMatchObject({
      ...{ jobId: job.id, tenant, round: 0, model, toolset: 'a', batchId: null, answer: null },
      customId: `${job.id}-0-1`,
    });
    const again = await taken(store(), job.id);
    expect(await store().askOffline(fence, { round: 1, model, toolset: 'b' })).toBe('superseded');
    expect(await store().askOffline(again.fence, { round: 0, model, toolset: 'b' })).toBe('asked');
    expect(await callOf(job.id)).toEqual(first);
    await store().askOffline(again.fence, { round: 1, model, toolset: 'a' });
    expect(await callOf(job.id)).toMatchObject({ round: 1, customId: `${job.id}-1-2` });
    await store().askOffline(again.fence, { round: 0, model, toolset: 'a' });
    expect(await callOf(job.id)).toMatchObject({ round: 1 });
  });

  test('calls are claimed oldest first, each by one batch, which is recorded with them', async () => {
    const model = newModel();
    const jobs = [await waiting(model), await waiting(model), await waiting(model)];
    expect(await waits(model)).toMatchObject({ count: 3 });
    expect((await waits(model))?.oldestMs).toBeGreaterThanOrEqual(0);
    const { id, calls } = await claim(model, 2);
    expect(calls.map((call) => call.jobId)).toEqual(jobs.slice(0, 2).map(({ job }) => job.id));
    expect(await stateOf(id)).toMatchObject({
      id,
      model,
      state: 'claimed',
      upstreamId: null,
      requests: null,
    });
    expect(await waits(model)).toMatchObject({ count: 1 });
    expect(await store().unansweredCalls(id)).toEqual(calls.map((call) => ({ ...call, batchId: id })));
    expect((await claim(model)).calls).toHaveLength(1);
    const none = await claim(model);
    expect([none.calls, await stateOf(none.id), await waits(model)]).toEqual([[], undefined, undefined]);
  });

  test('claims at once never get the same call', async () => {
    for (let round = 0; round < rounds; round += 1) {
      const model = newModel();
      await Promise.all([1, 2, 3, 4, 5].map(() => waiting(model)));
      const claims = await contend(...[1, 2, 3].map(() => () => claim(model, 3)));
      const held = claims.flatMap(({ calls }) => calls.map((call) => call.jobId));
      expect(new Set(held).size).toBe(held.length);
      for (const { id, calls } of claims) {
        expect((await store().unansweredCalls(id)).map((call) => call.jobId)).toEqual(
          calls.map((call) => call.jobId),
        );
      }
    }
  });

  test('a batch moves by compare-and-set', async () => {
    const model = newModel();
    await waiting(model);
    const { id } = await claim(model);
    expect(await store().moveBatch(id, 'submitted', { state: 'ended' })).toBe(false);
    expect(await store().moveBatch(id, 'claimed', { state: 'sending', requests: 1 })).toBe(true);
    expect(await store().moveBatch(id, 'claimed', { state: 'sending', requests: 9 })).toBe(false);
    const sending = await stateOf(id);
    expect(sending).toMatchObject({ state: 'sending', requests: 1, sentAt: expect.any(Date) });
    expect(sending?.sentForMs).toBeGreaterThanOrEqual(0);
    expect(await store().moveBatch(id, 'sending', { state: 'submitted', upstreamId: `up_${id}` })).toBe(true);
    expect(await stateOf(id)).toMatchObject({ state: 'submitted', upstreamId: `up_${id}`, requests: 1 });
    expect(await store().recordedBatches(['up_none', `up_${id}`])).toEqual([`up_${id}`]);
    await store().moveBatch(id, 'submitted', { state: 'ended' });
    expect(await stateOf(id)).toBeUndefined();
    const [newest] = await store().upstreamDurations(1);
    expect(newest).toBeGreaterThanOrEqual(0);
    expect(newest).toBeLessThan(anHour);
  });

  test('an answer makes its job due, and is what the job finds', async () => {
    const model = newModel();
    const { job } = await waiting(model);
    const { id, calls } = await claim(model);
    expect(await store().take(job.id)).toMatchObject({ kind: 'waiting' });
    expect(await store().answerCalls(id, answers(calls))).toEqual([job.id]);
    expect(await store().unansweredCalls(id)).toEqual([]);
    expect(JSON.stringify((await callOf(job.id)).answer)).toBe(JSON.stringify(answer('yes')));
    expect(await store().job(tenant, job.id)).toMatchObject({ failures: { model: 1, tools: 0 } });
    await taken(store(), job.id);
  });

  test('the first answer counts, and one of another batch, or of nothing that was asked, none', async () => {
    const model = newModel();
    const { job } = await waiting(model);
    const { id, calls } = await claim(model);
    expect(await store().answerCalls(newId('ub'), answers(calls))).toEqual([]);
    expect(await store().answerCalls(id, new Map([['of-no-call', answer('no')]]))).toEqual([]);
    expect(await store().take(job.id)).toMatchObject({ kind: 'waiting' });
    await store().answerCalls(id, answers(calls));
    await store().answerCalls(id, answers(calls, fault));
    expect(await callOf(job.id)).toMatchObject({ answer: { kind: 'reply' } });
  });

  test('an answer between the asking and the parking does not let the job sleep', async () => {
    const model = newModel();
    const { job, fence } = await taken(store(), (await store().accept(newJob())).job.id);
    await store().askOffline(fence, { round: 0, model, toolset: 'none' });
    const { id, calls } = await claim(model);
    await store().answerCalls(id, answers(calls));
    expect(await store().park(fence, wait)).toBe('due');
    const again = await taken(store(), job.id);
    await store().askOffline(again.fence, { round: 1, model, toolset: 'none' });
    expect(await store().park(again.fence, wait)).toBe('parked');
  });

  test('an answer does not reach the next round, nor another wait', async () => {
    const model = newModel();
    const { job } = await waiting(model);
    const { id, calls } = await claim(model);
    await store().answerCalls(id, answers(calls));
    const { fence } = await taken(store(), job.id);
    await store().recordStep(fence, reply(), { durable: false });
    await store().askOffline(fence, { round: 1, model, toolset: 'none' });
    expect(await store().answerCalls(id, answers(calls, fault))).toEqual([]);
    expect(await callOf(job.id)).toMatchObject({ round: 1, answer: null });
    await store().park(fence, { ...wait, reason: 'model_unavailable: away' });
    const next = await claim(model);
    await store().answerCalls(next.id, answers(next.calls));
    expect(await store().take(job.id)).toMatchObject({ kind: 'waiting' });
  });

  test('a job that has ended gets no answer, and its call is dropped once its batch is over', async () => {
    const model = newModel();
    const { job } = await waiting(model);
    const { id, calls } = await claim(model);
    const open = await waiting(model);
    await store().end({ jobId: job.id, tenant, sessionId: null, epoch: 1 }, cancellation());
    expect(await store().answerCalls(id, answers(calls))).toEqual([]);
    await store().dropOfflineCalls(1_000);
    expect(await store().offlineCall(job.id)).not.toBeNull();
    await store().moveBatch(id, 'claimed', { state: 'not_created' });
    expect(await store().dropOfflineCalls(1_000)).toBeGreaterThanOrEqual(1);
    expect(await store().offlineCall(job.id)).toBeNull();
    expect(await store().offlineCall(open.job.id)).not.toBeNull();
  });

  test('a call is withdrawn until a batch has it, and once it is answered; by its newest epoch', async () => {
    const model = newModel();
    const { job, fence } = await taken(store(), (await store().accept(newJob())).job.id);
    const ask = () => store().askOffline(fence, { round: 0, model, toolset: 'none' });
    await ask();
    expect(await store().withdrawCall(fence, await callOf(job.id))).toBe(true);
    await ask();
    const seen = await callOf(job.id);
    const { id, calls } = await claim(model);
    expect(await store().withdrawCall(fence, seen)).toBe(false);
    await store().answerCalls(id, answers(calls, fault));
    expect(await store().withdrawCall(fence, seen)).toBe(false);
    expect(await store().withdrawCall({ ...fence, epoch: 9 }, await callOf(job.id))).toBe(false);
    expect(await store().withdrawCall(fence, await callOf(job.id))).toBe(true);
    expect(await store().offlineCall(job.id)).toBeNull();
  });

  test('calls are released to wait again or for good; those with an answer stay', async () => {
    const model = newModel();
    const jobs = [await waiting(model), await waiting(model), await waiting(model)];
    const [first, second, third] = jobs.map(({ job }) => job.id) as [string, string, string];
    const { id, calls } = await claim(model);
    await store().answerCalls(id, answers(calls.filter((call) => call.jobId === third)));
    await store().releaseCalls(id, [first], 'gone');
    expect(await store().offlineCall(first)).toBeNull();
    await store().releaseCalls(id, null, 'again');
    expect(await callOf(second)).toMatchObject({ batchId: null, answer: null });
    expect(await callOf(third)).toMatchObject({ batchId: id });
    expect((await claim(model)).calls.map((call) => call.jobId)).toEqual([second]);
  });

  test('what was asked goes with its session', async () => {
    const model = newModel();
    const sessionId = await newSession(store());
    const { job } = await waiting(model, { sessionId });
    const { id, calls } = await claim(model);
    await store().answerCalls(id, answers(calls));
    await store().settle((await taken(store(), job.id)).fence, success());
    expect(await store().deleteSession(tenant, sessionId)).toBe('deleted');
    expect(await store().offlineCall(job.id)).toBeNull();
  });
}
