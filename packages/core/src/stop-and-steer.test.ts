import { describe, expect, test } from 'vitest';
import { FleetError } from './errors.ts';
import type { Message } from './message.ts';
import { replayOf } from './replay-job.ts';
import { answers, asks, CountingTools, noTools, ScriptedModel, says, setUpRun } from './testing/index.ts';

const quiet = () => ({ join: false, interrupt: false });
const sent = (model: ScriptedModel, n: number): Message[] => JSON.parse(model.requests[n] ?? '[]');

describe('a query that steers', () => {
  test('ends the user message before the next model call, and its job ends with the turn', async () => {
    const { store, submit, run, events } = await setUpRun({ session: true });
    const requests = quiet();
    const tools = new CountingTools({
      look: async () => {
        await submit('job_2', 'only red ones', { onBusy: 'steer' });
        requests.join = true;
        return answers('found');
      },
    });
    const model = new ScriptedModel(asks(['a', 'look', {}]), says('two red ones'));
    await run('job_1', model, tools, { requests });
    expect(sent(model, 1).map((message) => message.content.map((block) => block.type))).toEqual([
      ['text'],
      ['tool_use'],
      ['tool_result', 'text'],
    ]);
    expect(store.stored('job_2')).toMatchObject({
      state: 'succeeded',
      answer: 'two red ones',
      joined: 'job_1',
    });
    expect(events.map((event) => event.type)).toContain('query_joined');
  });

  test('joins before the first call when it came before the turn was taken', async () => {
    const { submit, run } = await setUpRun({ session: true });
    await submit('job_2', 'and this', { onBusy: 'steer' });
    const model = new ScriptedModel(says('both'));
    await run('job_1', model);
    expect(sent(model, 0)).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'first' },
          { type: 'text', text: 'and this' },
        ],
      },
    ]);
  });

  test('is sent again as it was sent once, by a later worker and in later turns', async () => {
    const { store, submit, run } = await setUpRun({ session: true });
    await submit('job_2', 'and this', { onBusy: 'steer' });
    const first = new ScriptedModel(new FleetError('model_unavailable', 'away'));
    await run('job_1', first);
    store.stored('job_1').state = 'queued';
    const second = new ScriptedModel(says('both'));
    await run('job_1', second);
    expect(second.requests[0]).toBe(first.requests[0]);
    await submit('job_3', 'next');
    const third = new ScriptedModel(says('more'));
    await run('job_3', third);
    expect(third.requests[0]?.startsWith((second.requests[0] ?? '').slice(0, -1))).toBe(true);
  });

  test('that comes too late is the next turn', async () => {
    const { submit, run } = await setUpRun({ session: true });
    const late = new ScriptedModel(async () => {
      await submit('job_2', 'too late', { onBusy: 'steer' });
      return says('done');
    });
    expect(await run('job_1', late)).toEqual({ kind: 'completed', next: 'job_2' });
  });
});

describe('a turn that is interrupted', () => {
  test('stops in its model call and keeps its whole rounds', async () => {
    const { store, submit, run } = await setUpRun({ session: true });
    const requests = quiet();
    const abort = new AbortController();
    const tools = new CountingTools({ look: () => answers('found') });
    const hangs = () =>
      new Promise<never>((_, reject) => {
        abort.signal.addEventListener('abort', () => reject(new Error('aborted')));
        requests.interrupt = true;
        abort.abort();
      });
    const model = new ScriptedModel(asks(['a', 'look', {}]), hangs);
    await submit('job_2', 'something else');
    const outcome = await run('job_1', model, tools, { requests, signal: abort.signal });
    expect(outcome).toEqual({ kind: 'completed', next: 'job_2' });
    expect(store.stored('job_1')).toMatchObject({ state: 'succeeded', stopReason: 'interrupted' });
    const next = new ScriptedModel(says('fine'));
    await run('job_2', next, tools);
    expect(sent(next, 0).map((message) => message.role)).toEqual(['user', 'assistant', 'user', 'user']);
  });

  test('gives every call without a result one that says whether it may have run', async () => {
    const { store, submit, run } = await setUpRun({ session: true });
    const requests = quiet();
    const abort = new AbortController();
    const tools = new CountingTools(
      {
        pay: (_call, signal) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(new FleetError('tool_outcome_unknown', 'cut off')));
            requests.interrupt = true;
            abort.abort();
          }),
      },
      'unsafe',
    );
    await submit('job_2', 'stop that');
    await run('job_1', new ScriptedModel(asks(['a', 'pay', {}], ['b', 'none', {}])), tools, {
      requests,
      signal: abort.signal,
    });
    const results = (await store.steps('job_1')).filter((step) => step.kind === 'result');
    expect(results.map((step) => step.outcome)).toEqual(['unknown', 'error']);
  });

  test('is canceled when nothing of it was recorded, and leaves no trace in the context', async () => {
    const { store, submit, run } = await setUpRun({ session: true });
    await submit('job_2', 'something else');
    store.stored('job_1').interrupted = true;
    const outcome = await run('job_1', new ScriptedModel());
    expect(outcome).toEqual({ kind: 'dropped', state: 'canceled', next: 'job_2' });
    const next = new ScriptedModel(says('fine'));
    await run('job_2', next);
    expect(sent(next, 0)).toHaveLength(1);
  });
});

describe('times', () => {
  test('a job whose deadline comes fails in the middle of its step', async () => {
    const { store, submit, run, clock } = await setUpRun();
    await submit('job_2', 'quick', { deadline: new Date(5000) });
    const hangs = (_request: unknown, signal: AbortSignal) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        clock.ring();
      });
    expect(await run('job_2', new ScriptedModel(hangs))).toMatchObject({ kind: 'failed' });
    expect(store.stored('job_2').error?.code).toBe('deadline_exceeded');
  });

  test('a job does not wait for a try that comes after its deadline', async () => {
    const { store, submit, run } = await setUpRun();
    await submit('job_2', 'quick', { deadline: new Date(2000) });
    const limited = new FleetError('model_rate_limited', 'slow down', { retryAfterMs: 60_000 });
    await run('job_2', new ScriptedModel(limited));
    expect(store.stored('job_2').error).toMatchObject({ code: 'deadline_exceeded' });
  });

  test('a job that comes to its first take too late expires; one with a step does not', async () => {
    const { store, submit, run } = await setUpRun();
    await submit('job_2', 'stale', { expiresAt: new Date(1000) });
    expect(await run('job_2', new ScriptedModel())).toEqual({
      kind: 'dropped',
      state: 'expired',
      next: null,
    });
    const tools = new CountingTools({ look: () => answers('found') });
    await store.saveToolset(tools.toolset);
    const step = {
      kind: 'reply',
      round: 0,
      slot: 0,
      toolset: tools.toolset.hash,
      ms: 1,
      ...asks(['a', 'look', {}]),
    } as const;
    await submit('job_3', 'begun', {
      expiresAt: new Date(1000),
      replay: { of: 'job_0', steps: [step], claims: [] },
    });
    expect(await run('job_3', new ScriptedModel(says('done')), tools)).toMatchObject({ kind: 'completed' });
  });
});

describe('budgets', () => {
  const away = new FleetError('tool_server_unavailable', 'restarting');
  const busy = new FleetError('model_unavailable', 'busy');

  test('a tool server that is away and a model that is away are counted apart', async () => {
    const { store, run } = await setUpRun({
      agent: { limits: { modelRetries: 1, toolRetries: 1 } as never },
    });
    const tools = new CountingTools({
      look: () => {
        throw away;
      },
    });
    await run('job_1', new ScriptedModel(busy), tools);
    expect(store.stored('job_1')).toMatchObject({ state: 'waiting', failures: { model: 1, tools: 0 } });
    await run('job_1', new ScriptedModel(asks(['a', 'look', {}])), tools);
    expect(store.stored('job_1')).toMatchObject({ state: 'waiting', failures: { model: 0, tools: 1 } });
    await run('job_1', new ScriptedModel(), tools);
    expect(store.stored('job_1').error).toMatchObject({ code: 'retries_exhausted' });
  });

  test('a rate limit costs nothing, however often', async () => {
    const { store, run } = await setUpRun({ agent: { limits: { modelRetries: 0 } as never } });
    const limited = new FleetError('model_rate_limited', 'slow down');
    for (let n = 0; n < 5; n += 1) await run('job_1', new ScriptedModel(limited));
    expect(store.stored('job_1')).toMatchObject({ state: 'waiting', failures: { model: 0, tools: 0 } });
  });

  test('a job whose tools only fail ends', async () => {
    const { store, run } = await setUpRun({ agent: { limits: { failingRounds: 2 } as never } });
    const model = new ScriptedModel(asks(['a', 'none', {}]), asks(['b', 'none', {}]));
    await run('job_1', model, noTools);
    expect(store.stored('job_1').error).toMatchObject({ code: 'limit_exceeded' });
    expect(model.requests).toHaveLength(2);
  });
});

describe('a replay', () => {
  async function failedAfterATool() {
    const set = await setUpRun();
    const tools = new CountingTools({ look: () => answers('found') }, 'unsafe');
    const refused = new FleetError('model_rejected', 'no');
    await set.run('job_1', new ScriptedModel(asks(['a', 'look', {}]), refused), tools);
    return { ...set, tools };
  }

  test('from the tail goes on behind the last step', async () => {
    const { store, run, tools } = await failedAfterATool();
    await store.accept(await replayOf(store as never, store.stored('job_1'), 'tail', 'job_2'));
    const model = new ScriptedModel(says('done'));
    await run('job_2', model, tools);
    expect(tools.calls).toHaveLength(1);
    expect(model.requests).toHaveLength(1);
    expect(store.stored('job_2')).toMatchObject({ state: 'succeeded', replayOf: 'job_1' });
    expect(store.stored('job_1').state).toBe('failed');
  });

  test('from scratch asks again', async () => {
    const { store, run, tools } = await failedAfterATool();
    await store.accept(await replayOf(store as never, store.stored('job_1'), 'scratch', 'job_2'));
    await run('job_2', new ScriptedModel(asks(['b', 'look', {}]), says('done')), tools);
    expect(tools.calls.map((call) => call.idempotencyKey)).toEqual(['job_1.0.1', 'job_2.0.1']);
  });

  test('from the tail keeps the idempotency keys of calls that were recorded before', async () => {
    const { store, run } = await setUpRun();
    const away = new CountingTools({
      look: () => {
        throw new FleetError('tool_outcome_unknown', 'cut off');
      },
    });
    await store.saveToolset(away.toolset);
    const limited = { ...store.stored('job_1').agent.limits, toolRetries: 0 };
    store.stored('job_1').agent.limits = limited;
    await run('job_1', new ScriptedModel(asks(['a', 'look', {}])), away);
    await store.accept(await replayOf(store as never, store.stored('job_1'), 'tail', 'job_2'));
    const tools = new CountingTools({ look: () => answers('found') });
    await run('job_2', new ScriptedModel(says('done')), tools);
    expect(tools.calls.map((call) => call.idempotencyKey)).toEqual(['job_1.0.1']);
  });

  test('is refused while the job runs', async () => {
    const { store } = await setUpRun();
    await expect(replayOf(store as never, store.stored('job_1'), 'tail', 'x')).rejects.toMatchObject({
      code: 'job_not_ended',
    });
  });
});
