import { describe, expect, test } from 'vitest';
import { approvalId, isSameJson, parseApprovalId, type Verdict } from './approval.ts';
import { FleetError } from './errors.ts';
import { type Message, textOf } from './message.ts';
import type { ToolCall } from './ports.ts';
import { replayOf } from './replay-job.ts';
import type { ResultStep } from './step.ts';
import { answers, asks, CountingTools, noTools, ScriptedModel, says, setUpRun } from './testing/index.ts';

const paid = (call: ToolCall) => answers(`paid ${JSON.stringify(call.input)}`);
const approved = (input: Record<string, unknown>): Verdict => ({ kind: 'approved', input, by: 'ann' });
const denied: Verdict = { kind: 'denied', reason: 'too much', by: 'ann' };
const aWeek = 7 * 86_400_000;

/** A tool `pay` whose calls have to be approved, and one that runs at once. */
function payAndLook(pay: (call: ToolCall, signal: AbortSignal) => ReturnType<typeof paid> = paid) {
  const tools = new CountingTools({ pay, look: () => answers('found') }, 'unsafe');
  for (const tool of tools.toolset.tools) if (tool.name === 'pay') tool.approval = true;
  return tools;
}

/** A job that waits for the approval of `pay`, the second of its two calls. */
async function waiting(options: Parameters<typeof setUpRun>[0] & { tools?: CountingTools } = {}) {
  const set = await setUpRun(options);
  const tools = options.tools ?? payAndLook();
  const model = new ScriptedModel(asks(['a', 'look', {}], ['b', 'pay', { euros: 5 }]), says('done'));
  const outcome = await set.run('job_1', model, tools);
  const results = async (jobId = 'job_1') =>
    (await set.store.steps(jobId)).filter((step): step is ResultStep => step.kind === 'result');
  const shown = async (slot: number) => {
    const result = (await results()).find((step) => step.slot === slot);
    return textOf((result?.block.content ?? []) as Message['content']);
  };
  const payments = () => tools.calls.filter((call) => call.name === 'pay');
  return { ...set, tools, model, outcome, results, shown, payments };
}

describe('a call that needs an approval', () => {
  test('parks its job, which is charged nothing, once the other calls of the round are recorded', async () => {
    const { store, outcome, tools, results, events } = await waiting();
    expect(outcome).toEqual({ kind: 'parked', waitMs: aWeek, reason: 'approval' });
    expect(store.stored('job_1')).toMatchObject({
      state: 'waiting',
      waitReason: 'approval',
      waitUntil: new Date(store.now + aWeek),
      failures: { model: 0, tools: 0 },
    });
    expect(tools.calls.map((call) => call.name)).toEqual(['look']);
    expect((await results()).map((step) => step.slot)).toEqual([1]);
    expect(await store.claims('job_1')).toMatchObject([{ slot: 1 }]);
    expect(store.allApprovals).toMatchObject([
      { jobId: 'job_1', tenant: 't', round: 0, slot: 2, toolUseId: 'b', tool: 'pay', input: { euros: 5 } },
    ]);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'approval_requested', tool: 'pay', expiresMs: aWeek }),
    );
  });

  test('is sent once it is approved, once, with a result like any other', async () => {
    const { store, run, tools, model, payments, results, events } = await waiting();
    await store.decide('t', 'job_1', 'b', approved({ euros: 5 }));
    expect(await run('job_1', model, tools)).toMatchObject({ kind: 'completed' });
    expect(payments()).toMatchObject([{ input: { euros: 5 }, idempotencyKey: 'job_1.0.2' }]);
    expect((await results())[1]).toMatchObject({
      outcome: 'ok',
      block: { content: [{ type: 'text', text: 'paid {"euros":5}' }] },
    });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'approval_decided', decision: 'approved', by: 'ann', edited: false }),
    );
    expect(JSON.stringify(events.filter((event) => event.type.startsWith('approval')))).not.toContain(
      'euros',
    );
  });

  test('is sent as it was edited, which the model is told, and whose own words stay as they were', async () => {
    const { store, run, tools, model, payments, shown } = await waiting();
    await store.decide('t', 'job_1', 'b', approved({ euros: 3 }));
    await run('job_1', model, tools);
    expect(payments().map((call) => call.input)).toEqual([{ euros: 3 }]);
    expect(await shown(2)).toBe(
      'Before this call was run, ann edited its arguments to {"euros":3}.paid {"euros":3}',
    );
    const asked = JSON.parse(model.requests[1] ?? '[]')[1].content[1];
    expect(asked).toEqual({ type: 'tool_use', id: 'b', name: 'pay', input: { euros: 5 } });
  });

  test('is not sent when it is denied; the model learns by whom and why', async () => {
    const { store, run, tools, model, payments, results, shown } = await waiting();
    await store.decide('t', 'job_1', 'b', denied);
    expect(await run('job_1', model, tools)).toMatchObject({ kind: 'completed' });
    expect(payments()).toEqual([]);
    expect((await results())[1]).toMatchObject({ outcome: 'denied', block: { is_error: true } });
    expect(await shown(2)).toBe('Not run: ann denied the call of pay. Reason: too much');
    expect(await store.claims('job_1')).toMatchObject([{ slot: 1 }]);
  });

  test('expires when nobody decides in time, which is told apart from a denial', async () => {
    const { store, run, tools, model, payments, results, shown } = await waiting();
    store.now += aWeek;
    expect(await store.decide('t', 'job_1', 'b', approved({ euros: 5 }))).toMatchObject({ kind: 'already' });
    expect(await run('job_1', model, tools)).toMatchObject({ kind: 'completed' });
    expect(payments()).toEqual([]);
    expect((await results())[1]).toMatchObject({ outcome: 'expired', block: { is_error: true } });
    expect(await shown(2)).toContain('nobody decided');
    expect(await shown(2)).not.toContain('denied the call');
  });

  test('can be given a time of its own by its tool, or by the agent', async () => {
    const tools = payAndLook();
    for (const tool of tools.toolset.tools) if (tool.name === 'pay') tool.approvalExpiresMs = 60_000;
    expect((await waiting({ tools })).outcome).toMatchObject({ waitMs: 60_000 });
    const agent = { limits: { approvalExpiresMs: 90_000 } as never };
    expect((await waiting({ agent })).outcome).toMatchObject({ waitMs: 90_000 });
  });

  test('is asked for once, however often the job is taken', async () => {
    const { store, run, tools, model, events, payments } = await waiting();
    const [first] = structuredClone(store.allApprovals);
    store.now += 1000;
    expect(await run('job_1', model, tools)).toMatchObject({ kind: 'parked', waitMs: aWeek - 1000 });
    expect(store.allApprovals).toEqual([first]);
    expect(events.filter((event) => event.type === 'approval_requested')).toHaveLength(1);
    expect(tools.calls).toHaveLength(1);
    expect(payments()).toEqual([]);
  });

  test('is not asked for when it would not be sent anyway', async () => {
    const { store, run } = await setUpRun({ agent: { limits: { parallelToolCalls: 1 } as never } });
    const model = new ScriptedModel(asks(['a', 'look', {}], ['b', 'pay', {}]), says('done'));
    expect(await run('job_1', model, payAndLook())).toMatchObject({ kind: 'completed' });
    expect(store.allApprovals).toEqual([]);
  });
});

describe('two approvals in one round', () => {
  test('are decided in any order, and each call goes on as it is', async () => {
    const { store, run } = await setUpRun();
    const tools = payAndLook();
    const model = new ScriptedModel(asks(['a', 'pay', { n: 1 }], ['b', 'pay', { n: 2 }]), says('done'));
    await run('job_1', model, tools);
    expect(store.allApprovals.map((approval) => approval.toolUseId)).toEqual(['a', 'b']);
    await store.decide('t', 'job_1', 'b', approved({ n: 2 }));
    expect(await run('job_1', model, tools)).toMatchObject({ kind: 'parked', reason: 'approval' });
    expect(tools.calls.map((call) => call.input)).toEqual([{ n: 2 }]);
    await store.decide('t', 'job_1', 'a', denied);
    expect(await run('job_1', model, tools)).toMatchObject({ kind: 'completed' });
    expect(tools.calls).toHaveLength(1);
    const last: Message[] = JSON.parse(model.requests[1] ?? '[]');
    expect(last.at(-1)?.content.map((block) => block.tool_use_id)).toEqual(['a', 'b']);
  });

  test('one that expires does not take the other along', async () => {
    const tools = payAndLook();
    const { store, run } = await setUpRun();
    const model = new ScriptedModel(asks(['a', 'pay', { n: 1 }], ['b', 'pay', { n: 2 }]), says('done'));
    await run('job_1', model, tools);
    const [first] = store.allApprovals;
    if (first) first.expiresAt = new Date(store.now + 10);
    expect(await run('job_1', model, tools)).toMatchObject({ kind: 'parked', waitMs: 10 });
    store.now += 10;
    expect(await run('job_1', model, tools)).toMatchObject({ kind: 'parked', waitMs: aWeek - 10 });
    expect((await store.steps('job_1')).filter((step) => step.kind === 'result')).toMatchObject([
      { slot: 1, outcome: 'expired' },
    ]);
  });
});

describe('a crash', () => {
  test('between the approval and the call: the call is sent by the next worker', async () => {
    const { store, run, tools, model, payments } = await waiting();
    await store.decide('t', 'job_1', 'b', approved({ euros: 5 }));
    store.before = (verb) => {
      if (verb === 'claim') throw new FleetError('store_unavailable', 'away');
    };
    await expect(run('job_1', model, tools)).rejects.toThrow('away');
    store.before = () => undefined;
    await run('job_1', model, tools);
    expect(payments()).toHaveLength(1);
    expect(store.stored('job_1').state).toBe('succeeded');
  });

  test('in an edited call: it is not repeated, and the model learns what may have run', async () => {
    const { store, run, tools, model, payments, results, shown } = await waiting();
    await store.decide('t', 'job_1', 'b', approved({ euros: 3 }));
    store.before = (verb) => {
      if (verb === 'recordStep') throw new FleetError('store_unavailable', 'away');
    };
    await expect(run('job_1', model, tools)).rejects.toThrow('away');
    store.before = () => undefined;
    await run('job_1', model, tools);
    expect(payments()).toHaveLength(1);
    expect((await results())[1]).toMatchObject({ outcome: 'unknown', block: { is_error: true } });
    expect(await shown(2)).toMatch(/^Before this call was run, ann edited .*It is unknown whether/);
  });

  test('of the store, which loses what was asked for: the call is not sent', async () => {
    const { store, run } = await setUpRun();
    const tools = payAndLook();
    store.requestApprovals = async () => [];
    expect(await run('job_1', new ScriptedModel(asks(['b', 'pay', {}])), tools)).toMatchObject({
      kind: 'failed',
      error: { code: 'internal' },
    });
    expect(tools.calls).toEqual([]);
  });

  test('of a job that wakes up with an approval for another call than the record has', async () => {
    const { store, run, tools, model, payments } = await waiting();
    await store.decide('t', 'job_1', 'b', approved({ euros: 5 }));
    const [approval] = store.allApprovals;
    if (approval) approval.input = { euros: 6 };
    expect(await run('job_1', model, tools)).toMatchObject({ kind: 'failed', error: { code: 'internal' } });
    expect(payments()).toEqual([]);
  });
});

describe('what a job that waits for an approval hears meanwhile', () => {
  test('a decision that comes before it has parked makes it due at once', async () => {
    const { store, run } = await setUpRun();
    store.before = (verb) => {
      if (verb === 'park') store.decide('t', 'job_1', 'b', denied);
    };
    const model = new ScriptedModel(asks(['b', 'pay', {}]), says('done'));
    expect(await run('job_1', model, payAndLook())).toMatchObject({ kind: 'parked', waitMs: 0 });
  });

  test('an interruption closes the call and leaves a legal conversation', async () => {
    const { store, submit, run, tools, payments } = await waiting({ session: true });
    await submit('job_2', 'something else');
    store.stored('job_1').interrupted = true;
    expect(await run('job_1', new ScriptedModel(), tools)).toEqual({ kind: 'completed', next: 'job_2' });
    expect(payments()).toEqual([]);
    expect(await store.decide('t', 'job_1', 'b', approved({}))).toMatchObject({
      kind: 'ended',
      approval: { decision: null },
    });
    const next = new ScriptedModel(says('fine'));
    await run('job_2', next, noTools);
    const roles = (JSON.parse(next.requests[0] ?? '[]') as Message[]).map((message) => message.role);
    expect(roles).toEqual(['user', 'assistant', 'user', 'user']);
  });

  test('an interruption of an edited call says what may have run', async () => {
    const requests = { join: false, interrupt: false };
    const abort = new AbortController();
    const tools = payAndLook(() => {
      requests.interrupt = true;
      abort.abort();
      throw new FleetError('tool_outcome_unknown', 'cut off');
    });
    const { store, run, results, shown } = await waiting({ tools });
    await store.decide('t', 'job_1', 'b', approved({ euros: 3 }));
    await run('job_1', new ScriptedModel(), tools, { requests, signal: abort.signal });
    expect((await results())[1]).toMatchObject({ outcome: 'unknown' });
    expect(await shown(2)).toMatch(/^Before this call was run, ann edited .*Interrupted by a newer query/);
  });

  test('a deadline that comes first ends the wait, and the job', async () => {
    const { store, submit, run, clock } = await setUpRun();
    await submit('job_2', 'soon', { deadline: new Date(61_000) });
    const tools = payAndLook();
    const model = new ScriptedModel(asks(['b', 'pay', {}]));
    expect(await run('job_2', model, tools)).toMatchObject({ kind: 'parked', waitMs: 60_000 });
    store.now += 60_000;
    expect(clock.now()).toBe(1000);
    expect(await run('job_2', model, tools)).toMatchObject({ kind: 'failed' });
    expect(store.stored('job_2').error).toMatchObject({ code: 'deadline_exceeded' });
    expect(tools.calls).toEqual([]);
  });

  test('a server that is away after the approval: the call is tried again as it was approved', async () => {
    let away = true;
    const tools = payAndLook((call) => {
      if (away) throw new FleetError('tool_server_unavailable', 'restarting');
      return paid(call);
    });
    const { store, run, model, results } = await waiting({ tools });
    await store.decide('t', 'job_1', 'b', approved({ euros: 3 }));
    expect(await run('job_1', model, tools)).toMatchObject({ kind: 'parked' });
    expect(store.stored('job_1')).toMatchObject({ failures: { model: 0, tools: 1 } });
    away = false;
    await run('job_1', model, tools);
    expect((await results())[1]).toMatchObject({ outcome: 'ok' });
    expect(tools.calls.at(-1)?.input).toEqual({ euros: 3 });
  });
});

describe('a replay', () => {
  test('asks again for what has no result', async () => {
    const { store, run, tools, payments } = await waiting();
    Object.assign(store.stored('job_1'), { state: 'canceled' });
    await store.accept(await replayOf(store as never, store.stored('job_1'), 'tail', 'job_2'));
    expect(await run('job_2', new ScriptedModel(), tools)).toMatchObject({ kind: 'parked' });
    expect(store.allApprovals.map((approval) => approval.jobId)).toEqual(['job_1', 'job_2']);
    await store.decide('t', 'job_2', 'b', approved({ euros: 5 }));
    await run('job_2', new ScriptedModel(says('done')), tools);
    expect(payments()).toHaveLength(1);
  });

  test('does not ask about a call that is recorded, or whose outcome stays unknown', async () => {
    const { store, run, tools, payments, results } = await waiting();
    await store.decide('t', 'job_1', 'b', approved({ euros: 5 }));
    store.before = (verb) => {
      if (verb === 'recordStep') throw new FleetError('store_unavailable', 'away');
    };
    await expect(run('job_1', new ScriptedModel(), tools)).rejects.toThrow('away');
    store.before = () => undefined;
    Object.assign(store.stored('job_1'), { state: 'canceled' });
    await store.accept(await replayOf(store as never, store.stored('job_1'), 'tail', 'job_2'));
    expect(await run('job_2', new ScriptedModel(says('done')), tools)).toMatchObject({ kind: 'completed' });
    expect((await results('job_2')).map((step) => step.outcome)).toEqual(['ok', 'unknown']);
    expect(payments()).toHaveLength(1);
    expect(store.allApprovals).toHaveLength(1);
  });

  test('that may send a call again says, when that is denied, that it may have run before', async () => {
    const tools = payAndLook();
    for (const tool of tools.toolset.tools) tool.unknownOutcome = 'retry';
    const { store, run } = await waiting({ tools });
    const claims = [{ round: 0, slot: 2 }];
    const steps = (await store.steps('job_1')).slice();
    const job = store.stored('job_1');
    const query = job.query;
    await store.accept({
      ...(await replayOf(store as never, { ...job, state: 'canceled', query }, 'tail', 'job_2')),
      replay: { of: 'job_1', steps, claims },
    });
    expect(await run('job_2', new ScriptedModel(), tools)).toMatchObject({ kind: 'parked' });
    await store.decide('t', 'job_2', 'b', denied);
    await run('job_2', new ScriptedModel(says('done')), tools);
    const last = (await store.steps('job_2')).findLast((step) => step.kind === 'result');
    expect(last).toMatchObject({ outcome: 'unknown' });
    expect(tools.calls).toHaveLength(1);
  });
});

test('arguments are compared whatever the order of their keys, and by nothing less', () => {
  expect(isSameJson({ a: [1, { b: null }], c: 'x' }, { c: 'x', a: [1, { b: null }] })).toBe(true);
  for (const [a, b] of [
    [{ a: 1 }, { a: '1' }],
    [{ a: 1 }, { a: 1, b: undefined }],
    [
      [1, 2],
      [2, 1],
    ],
    [[], {}],
    [{}, null],
  ]) {
    expect(isSameJson(a, b)).toBe(false);
  }
});

test('the id of an approval is read back, whatever the id of its job', () => {
  const approval = { jobId: 'job.1', round: 2, slot: 3 };
  expect(parseApprovalId(approvalId(approval))).toEqual(approval);
  expect(parseApprovalId('nonsense')).toEqual({ jobId: 'nonsense', round: 0, slot: 0 });
});
