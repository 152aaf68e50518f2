import { describe, expect, test } from 'vitest';
import type { AgentSpec } from './agent.ts';
import { FleetError } from './errors.ts';
import { answers, asks, CountingTools, noTools, ScriptedModel, says, setUpRun } from './testing/index.ts';

describe('a job', () => {
  test('ends with the first reply that asks for no tool', async () => {
    const { store, run, events } = await setUpRun();
    const outcome = await run('job_1', new ScriptedModel(says('hello')));
    expect(outcome).toEqual({ kind: 'completed', next: null });
    expect(store.stored('job_1')).toMatchObject({
      state: 'succeeded',
      answer: 'hello',
      stopReason: 'end_turn',
    });
    expect(events.map((event) => event.type)).toEqual([
      'job_taken',
      'model_started',
      'step_recorded',
      'job_ended',
    ]);
  });

  test('sends all results of a round in one message, in the order of the calls', async () => {
    const { store, run } = await setUpRun();
    let finishFirst: () => void = () => undefined;
    const first = new Promise<void>((resolve) => {
      finishFirst = resolve;
    });
    const tools = new CountingTools({
      slow: async () => {
        await first;
        return answers('slow');
      },
      quick: () => {
        finishFirst();
        return answers('quick');
      },
    });
    const model = new ScriptedModel(asks(['a', 'slow', {}], ['b', 'quick', {}]), says('done'));
    await run('job_1', model, tools);
    const messages = JSON.parse(model.requests[1] ?? '');
    expect(messages).toHaveLength(3);
    expect(messages[2].content.map((block: { tool_use_id: string }) => block.tool_use_id)).toEqual([
      'a',
      'b',
    ]);
    expect(store.stored('job_1').totals).toMatchObject({ modelCalls: 2, toolCalls: 2, inputTokens: 20 });
  });

  test('starts from the turns before it, byte for byte as they were sent', async () => {
    const { submit, run } = await setUpRun({ session: true });
    await submit('job_2', 'second');
    const tools = new CountingTools({ t: () => answers('42') });
    const first = new ScriptedModel(asks(['a', 't', { z: 1, a: 2 }]), says('one'));
    expect(await run('job_1', first, tools)).toEqual({ kind: 'completed', next: 'job_2' });
    const second = new ScriptedModel(says('two'));
    await run('job_2', second, tools);
    const sentLast = first.requests[1] ?? '';
    expect(second.requests[0]?.startsWith(sentLast.slice(0, -1))).toBe(true);
  });

  test('that failed is no part of the context', async () => {
    const { submit, run } = await setUpRun({ session: true });
    await submit('job_2', 'second');
    const refused = new FleetError('model_rejected', 'no');
    expect(await run('job_1', new ScriptedModel(refused))).toMatchObject({ kind: 'failed', next: 'job_2' });
    const model = new ScriptedModel(says('two'));
    await run('job_2', model);
    expect(JSON.parse(model.requests[0] ?? '')).toHaveLength(1);
  });
});

describe('a job that is taken up again', () => {
  test('goes on after its last recorded step and repeats none', async () => {
    const { store, run } = await setUpRun();
    const tools = new CountingTools({ one: () => answers('1'), two: () => answers('2') });
    const first = new ScriptedModel(asks(['a', 'one', {}], ['b', 'two', {}]));
    let recorded = 0;
    store.before = (verb) => {
      if (verb === 'recordStep' && ++recorded >= 3) throw new FleetError('store_unavailable', 'gone');
    };
    await expect(run('job_1', first, tools)).rejects.toThrow('gone');
    store.before = () => undefined;
    const second = new ScriptedModel(says('both'));
    expect(await run('job_1', second, tools)).toMatchObject({ kind: 'completed' });
    expect(first.requests).toHaveLength(1);
    expect(second.requests).toHaveLength(1);
    expect(tools.calls.map((call) => call.name).sort()).toEqual(['one', 'two', 'two']);
  });

  test('goes on with the tools that it began with, whatever servers offer by then', async () => {
    const { store, run } = await setUpRun();
    const before = new CountingTools({ one: () => answers('1') });
    await store.saveToolset(before.toolset);
    await store.take('job_1');
    await store.recordStep(
      { jobId: 'job_1', tenant: 't', sessionId: null, epoch: 1, owner: 'x' },
      { kind: 'reply', round: 0, slot: 0, toolset: before.toolset.hash, ms: 1, ...asks(['a', 'one', {}]) },
    );
    const since = new CountingTools({ one: () => answers('1'), steal: () => answers('all') });
    const offered: string[][] = [];
    const model = new ScriptedModel((request) => {
      offered.push(request.tools.map(({ name }) => name));
      return says('done');
    });
    expect(await run('job_1', model, since)).toMatchObject({ kind: 'completed' });
    expect(offered).toEqual([['one']]);
  });

  test('whose store is away for a moment is not paid for again, and no call of it becomes unknown', async () => {
    const { store, run } = await setUpRun();
    const tools = new CountingTools({ pay: () => answers('paid') }, 'unsafe');
    const model = new ScriptedModel(asks(['a', 'pay', {}]), says('done'));
    const failing = new Map([
      ['recordStep', 2],
      ['settle', 1],
    ]);
    store.before = (verb) => {
      const left = failing.get(verb) ?? 0;
      if (left === 0) return;
      failing.set(verb, left - 1);
      throw new FleetError('store_unavailable', 'gone');
    };
    expect(await run('job_1', model, tools)).toEqual({ kind: 'completed', next: null });
    expect(model.requests).toHaveLength(2);
    expect(tools.calls).toHaveLength(1);
    expect(store.stored('job_1')).toMatchObject({ state: 'succeeded', answer: 'done' });
  });

  test('that loses its worker while the store is away is not written to by it any more', async () => {
    const { store, run } = await setUpRun();
    const lost = new AbortController();
    store.before = (verb) => {
      if (verb !== 'settle') return;
      lost.abort();
      throw new FleetError('store_unavailable', 'gone');
    };
    let settles = 0;
    const counted = store.settle.bind(store);
    store.settle = async (...args) => {
      settles += 1;
      return counted(...args);
    };
    const run1 = run('job_1', new ScriptedModel(says('done')), noTools, { signal: lost.signal });
    await expect(run1).resolves.toMatchObject({ kind: 'retry' });
    expect(settles).toBe(1);
  });

  test('settles when only the end was missing', async () => {
    const { store, run } = await setUpRun();
    const taken = await store.take('job_1');
    if (taken.kind !== 'taken') throw new Error('not taken');
    await store.recordStep(
      { jobId: 'job_1', tenant: 't', sessionId: null, epoch: 1, owner: 'x' },
      { kind: 'reply', round: 0, slot: 0, toolset: noTools.toolset.hash, ms: 1, ...says('kept') },
    );
    await store.saveToolset(noTools.toolset);
    const model = new ScriptedModel();
    expect(await run('job_1', model)).toMatchObject({ kind: 'completed' });
    expect(store.stored('job_1').answer).toBe('kept');
    expect(model.requests).toHaveLength(0);
  });

  test('that is held by a newer epoch is left alone', async () => {
    const { store, run, events } = await setUpRun();
    const model = new ScriptedModel(async () => {
      await store.take('job_1');
      return says('stale');
    });
    expect(await run('job_1', model)).toEqual({ kind: 'superseded' });
    expect(store.stored('job_1')).toMatchObject({ state: 'running', epoch: 2, answer: null });
    expect(events.at(-1)?.type).toBe('job_superseded');
  });

  test('that crashes its worker again and again fails as poisoned', async () => {
    const { store, run } = await setUpRun({ agent: { limits: { crashes: 2 } as AgentSpec['limits'] } });
    await store.take('job_1');
    await store.take('job_1');
    expect(await run('job_1', new ScriptedModel(says('x')))).toMatchObject({
      kind: 'failed',
      error: { code: 'poisoned' },
    });
  });
});

describe('an unsafe call', () => {
  const charge = () => new CountingTools({ pay: () => answers('paid') }, 'unsafe');

  async function claimedBefore(policy: AgentSpec['unknownOutcome']) {
    const setup = await setUpRun({ agent: { unknownOutcome: policy } });
    const tools = charge();
    await setup.store.saveToolset(tools.toolset);
    await setup.store.take('job_1');
    const fence = { jobId: 'job_1', tenant: 't', sessionId: null, epoch: 1, owner: 'x' };
    const reply = asks(['a', 'pay', {}]);
    await setup.store.recordStep(fence, {
      kind: 'reply',
      round: 0,
      slot: 0,
      toolset: tools.toolset.hash,
      ms: 1,
      ...reply,
    });
    await setup.store.claim(fence, [{ round: 0, slot: 1 }]);
    return { ...setup, tools };
  }

  test('is claimed before it is sent', async () => {
    const { store, run } = await setUpRun();
    const tools = new CountingTools(
      {
        pay: () => {
          expect(store.jobs.get('job_1')?.claims).toHaveLength(1);
          return answers('paid');
        },
      },
      'unsafe',
    );
    await run('job_1', new ScriptedModel(asks(['a', 'pay', {}]), says('ok')), tools);
    expect(tools.calls).toHaveLength(1);
    expect(tools.calls[0]?.idempotencyKey).toBe('job_1.0.1');
  });

  test('that an earlier worker claimed is reported as unknown, not repeated', async () => {
    const { run, tools, store } = await claimedBefore('ask_model');
    const model = new ScriptedModel(says('I will check'));
    expect(await run('job_1', model, tools)).toMatchObject({ kind: 'completed' });
    expect(tools.calls).toHaveLength(0);
    const [, result] = await store.steps('job_1');
    expect(result).toMatchObject({ outcome: 'unknown', block: { is_error: true } });
  });

  test('is repeated with the same key where its policy is retry', async () => {
    const { run, tools } = await claimedBefore('retry');
    await run('job_1', new ScriptedModel(says('ok')), tools);
    expect(tools.calls.map((call) => call.idempotencyKey)).toEqual(['job_1.0.1']);
  });

  test('fails the job where its policy is fail', async () => {
    const { run, tools } = await claimedBefore('fail');
    expect(await run('job_1', new ScriptedModel(), tools)).toMatchObject({
      error: { code: 'tool_outcome_unknown' },
    });
    expect(tools.calls).toHaveLength(0);
  });

  test('that was certainly not sent may be sent later', async () => {
    const { run, store } = await setUpRun();
    const down = new CountingTools(
      {
        pay: () => {
          throw new FleetError('tool_server_unavailable', 'down');
        },
      },
      'unsafe',
    );
    expect(await run('job_1', new ScriptedModel(asks(['a', 'pay', {}])), down)).toMatchObject({
      kind: 'parked',
    });
    expect(store.jobs.get('job_1')?.claims).toEqual([]);
    const up = charge();
    await run('job_1', new ScriptedModel(says('ok')), up);
    expect(up.calls).toHaveLength(1);
  });

  test('whose answer was lost is reported as unknown', async () => {
    const { run, store } = await setUpRun();
    const lost = new CountingTools(
      {
        pay: () => {
          throw new FleetError('tool_outcome_unknown', 'The connection was lost.');
        },
      },
      'unsafe',
    );
    await run('job_1', new ScriptedModel(asks(['a', 'pay', {}]), says('ok')), lost);
    expect((await store.steps('job_1'))[1]).toMatchObject({ outcome: 'unknown' });
  });
});

describe('a fault', () => {
  test('of a transient kind parks the job, and charges it', async () => {
    const { store, run } = await setUpRun();
    const fault = new FleetError('model_unavailable', 'overloaded');
    expect(await run('job_1', new ScriptedModel(fault))).toMatchObject({
      kind: 'parked',
      waitMs: 250,
    });
    expect(store.stored('job_1')).toMatchObject({ state: 'waiting', failures: { model: 1, tools: 0 } });
  });

  test('that is a rate limit costs nothing, and waits as long as it is told', async () => {
    const { store, run } = await setUpRun();
    const fault = new FleetError('model_rate_limited', 'slow down', { retryAfterMs: 20_000 });
    expect(await run('job_1', new ScriptedModel(fault))).toMatchObject({ waitMs: 20_000 });
    expect(store.stored('job_1').failures).toEqual({ model: 0, tools: 0 });
  });

  test('of a transient kind, too often in a row, fails the job', async () => {
    const { run } = await setUpRun({ agent: { limits: { modelRetries: 0 } as AgentSpec['limits'] } });
    const fault = new FleetError('model_unavailable', 'overloaded');
    expect(await run('job_1', new ScriptedModel(fault))).toMatchObject({
      error: { code: 'retries_exhausted' },
    });
  });

  test.each([
    ['refusal', 'model_refusal'],
    ['model_context_window_exceeded', 'context_window_exceeded'],
  ])('%s ends the job as %s', async (stopReason, code) => {
    const { run, store } = await setUpRun();
    expect(await run('job_1', new ScriptedModel(says('', stopReason)))).toMatchObject({ error: { code } });
    expect(await store.steps('job_1')).toEqual([]);
  });

  test('tool calls cut by max_tokens are never recorded', async () => {
    const { run, store } = await setUpRun();
    const cut = { ...asks(['a', 't', {}]), stopReason: 'max_tokens' };
    expect(await run('job_1', new ScriptedModel(cut))).toMatchObject({
      error: { code: 'model_output_truncated' },
    });
    expect(await store.steps('job_1')).toEqual([]);
  });

  test('in a tool is an error result for the model', async () => {
    const { run } = await setUpRun();
    const model = new ScriptedModel(asks(['a', 'missing', {}]), says('sorry'));
    expect(await run('job_1', model)).toMatchObject({ kind: 'completed' });
    expect(JSON.parse(model.requests[1] ?? '')[2].content[0]).toMatchObject({ is_error: true });
  });

  test('an endless loop of tool calls stops at the limit', async () => {
    const { run } = await setUpRun({ agent: { limits: { rounds: 3 } as AgentSpec['limits'] } });
    const tools = new CountingTools({ t: () => answers('again') });
    const model = new ScriptedModel(...[0, 1, 2, 3].map((n) => asks([`id${n}`, 't', {}])));
    expect(await run('job_1', model, tools)).toMatchObject({ error: { code: 'limit_exceeded' } });
    expect(model.requests).toHaveLength(3);
  });
});

describe('draining', () => {
  test('hands the job back at the end of its step', async () => {
    const { store, run } = await setUpRun();
    const draining = new AbortController();
    const tools = new CountingTools({
      t: () => {
        draining.abort();
        return answers('1');
      },
    });
    const model = new ScriptedModel(asks(['a', 't', {}]));
    expect(await run('job_1', model, tools, { draining: draining.signal })).toMatchObject({ kind: 'retry' });
    expect(store.stored('job_1')).toMatchObject({
      state: 'queued',
      failures: { model: 0, tools: 0 },
      crashes: 0,
    });
    expect(await store.steps('job_1')).toHaveLength(2);
  });

  test('a result too large for the model is kept whole beside the job', async () => {
    const { store, run } = await setUpRun({
      agent: { limits: { toolResultChars: 256 } as AgentSpec['limits'] },
    });
    const tools = new CountingTools({ t: () => answers('x'.repeat(5000)) });
    const model = new ScriptedModel(asks(['a', 't', {}]), says('ok'));
    await run('job_1', model, tools);
    expect(store.blobs.get('job_1.0.1.1')?.bytes.byteLength).toBeGreaterThan(5000);
    expect((await store.steps('job_1'))[1]).toMatchObject({
      blob: 'job_1.0.1.1',
      whole: { mediaType: 'text/plain; charset=utf-8', bytes: 5000 },
    });
    expect((model.requests[1] ?? '').length).toBeLessThan(1000);
  });
});
