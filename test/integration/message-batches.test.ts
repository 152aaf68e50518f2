import Anthropic from '@anthropic-ai/sdk';
import { expect, test } from 'vitest';
import { useMessagesFleet } from '../support/messages-fleet.ts';
import { describeWith } from '../support/services.ts';
import { saysDone } from '../support/simulator-control.ts';
import { until } from '../support/until.ts';

const params = (text: string) => ({
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content: text }],
});
const deep = (levels: number): object => (levels === 0 ? {} : { in: deep(levels - 1) });
const request = (n: number | string, text = `What is ${n} plus 1?`) => ({
  custom_id: `q-${n}`,
  params: params(text),
});

describeWith(['postgres'], "message batches by Anthropic's client", () => {
  const fleet = useMessagesFleet(() => ({ MESSAGE_BATCH_EXPIRES_MS: '3600000' }));
  const batches = () => fleet().anthropic.messages.batches;
  const ended = (id: string) =>
    until('the end of the batch', async () => {
      const batch = await batches().retrieve(id);
      return batch.processing_status === 'ended' ? batch : null;
    });
  async function results(id: string) {
    const rows = [];
    for await (const row of await batches().results(id)) rows.push(row);
    return rows;
  }

  test('create, poll, stream the results, delete', async () => {
    const asked = Array.from({ length: 30 }, (_, n) => request(n));
    const batch = await batches().create({ requests: asked });
    expect(batch).toMatchObject({
      id: expect.stringMatching(/^msgbatch_/),
      type: 'message_batch',
      processing_status: 'in_progress',
      request_counts: { processing: 30, succeeded: 0, errored: 0, canceled: 0, expired: 0 },
      ended_at: null,
      cancel_initiated_at: null,
      archived_at: null,
      results_url: null,
    });
    expect(Date.parse(batch.expires_at) - Date.parse(batch.created_at)).toBeLessThan(3_700_000);
    const after = await ended(batch.id);
    expect(after.request_counts).toEqual({
      processing: 0,
      succeeded: 30,
      errored: 0,
      canceled: 0,
      expired: 0,
    });
    expect(after.results_url).toBe(`${fleet().url}/v1/messages/batches/${batch.id}/results`);
    const rows = await results(batch.id);
    expect(rows.map((row) => row.custom_id).sort()).toEqual(asked.map((each) => each.custom_id).sort());
    expect(rows.find((row) => row.custom_id === 'q-7')).toMatchObject({
      result: {
        type: 'succeeded',
        message: {
          id: expect.stringMatching(/^msg_/),
          type: 'message',
          role: 'assistant',
          model: 'simulated',
          content: [{ type: 'text', text: expect.stringContaining('7 + 1') }],
          stop_reason: 'end_turn',
          usage: { input_tokens: expect.any(Number), output_tokens: expect.any(Number) },
        },
      },
    });
    expect(await batches().delete(batch.id)).toEqual({ id: batch.id, type: 'message_batch_deleted' });
    await expect(batches().retrieve(batch.id)).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });

  test('nothing is counted before the whole batch has ended, and its results are refused', async () => {
    await fleet().simulator.script([{ hold: true, ...(saysDone() as object) }]);
    const { id } = await batches().create({ requests: [request(1), request(2)] });
    await until('the held call', async () => (await fleet().simulator.held()) === 1);
    await until(
      'the end of the other',
      async () => (await fleet().topology.store.batch(fleet().tenant, id))?.counts.open === 1,
    );
    expect((await batches().retrieve(id)).request_counts).toMatchObject({ processing: 2, succeeded: 0 });
    await expect(batches().results(id)).rejects.toThrow('No batch `results_url`');
    await expect(fleet().anthropic.get(`/v1/messages/batches/${id}/results`)).rejects.toBeInstanceOf(
      Anthropic.ConflictError,
    );
    await expect(batches().delete(id)).rejects.toBeInstanceOf(Anthropic.ConflictError);
    await fleet().simulator.release();
    expect((await ended(id)).request_counts).toMatchObject({ processing: 0, succeeded: 2 });
  });

  test('a batch that is canceled midway ends with what had ended, and the rest as canceled', async () => {
    const { id } = await batches().create({ requests: [request('first')] });
    await ended(id);
    await fleet().simulator.script([{ hold: true, ...(saysDone() as object) }]);
    const second = await batches().create({ requests: [request('held'), request('done')] });
    await until('the end of one', async () => {
      const batch = await fleet().topology.store.batch(fleet().tenant, second.id);
      return batch?.counts.succeeded === 1 && (await fleet().simulator.held()) === 1;
    });
    const canceled = await batches().cancel(second.id);
    expect(canceled).toMatchObject({
      processing_status: 'canceling',
      cancel_initiated_at: expect.any(String),
    });
    expect((await ended(second.id)).request_counts).toMatchObject({ succeeded: 1, canceled: 1 });
    expect((await results(second.id)).map(({ result }) => result.type).sort()).toEqual([
      'canceled',
      'succeeded',
    ]);
  });

  test('requests that are not valid, or that the model refuses, end as errored; the others run', async () => {
    await fleet().simulator.script([{ error: { status: 400, type: 'invalid_request_error' } }]);
    const failing = await batches().create({ requests: [request(1)] });
    expect((await ended(failing.id)).request_counts).toMatchObject({ errored: 1 });
    expect((await results(failing.id))[0]?.result).toMatchObject({
      type: 'errored',
      error: { type: 'error', error: { type: 'invalid_request_error' }, request_id: null },
    });
    const bad: [string, object][] = [
      ['container', { ...params('x'), container: 'c' }],
      ['stream', { ...params('x'), stream: true }],
      ['max_tokens', { ...params('x'), max_tokens: 0 }],
      ['messages', { ...params('x'), messages: [] }],
      ['tools', { ...params('x'), tools: [{ name: 'mine', input_schema: { type: 'object' } }] }],
      ['nested', { ...params('x'), thinking: deep(200) }],
      ['model', { ...params('x'), model: 'nobody-knows' }],
    ];
    const requests = bad.map(([custom_id, each]) => ({ custom_id, params: each }));
    const mixed = await batches().create({ requests: [...requests, request(2)] as never });
    expect((await ended(mixed.id)).request_counts).toMatchObject({ errored: bad.length, succeeded: 1 });
    for (const { custom_id, result } of await results(mixed.id)) {
      if (custom_id === 'q-2') continue;
      expect(result).toMatchObject({
        type: 'errored',
        error: { error: { type: 'invalid_request_error', message: expect.stringContaining(custom_id) } },
      });
    }
  });

  test.each([
    ['no requests', { requests: [] }, 'requests: expected a list'],
    ['no list', { requests: { a: request(1) } }, 'requests: expected a list'],
    ['a custom_id of another form', { requests: [request('a b')] }, 'requests.0.custom_id'],
    ['one that is too long', { requests: [request(1), request('x'.repeat(63))] }, 'requests.1.custom_id'],
    ['one that comes twice', { requests: [request(1), request(1)] }, 'requests.1.custom_id'],
    [
      'a bad one in front of a long body',
      { requests: [request('a b'), request(1, 'x'.repeat(4e6))] },
      'requests.0',
    ],
    ['no params', { requests: [{ custom_id: 'a' }] }, 'requests.0.params'],
  ])('a batch with %s is refused as a whole', async (_what, body, message) => {
    await expect(batches().create(body as never)).rejects.toThrow(message);
    await expect(batches().create(body as never)).rejects.toBeInstanceOf(Anthropic.BadRequestError);
    expect((await batches().list()).data).toEqual([]);
  });

  test('lists page by themselves, forwards and backwards', async () => {
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) made.unshift((await batches().create({ requests: [request(n)] })).id);
    const listed: string[] = [];
    for await (const batch of batches().list({ limit: 2 })) listed.push(batch.id);
    expect(listed).toEqual(made);
    const backwards: string[] = [];
    for await (const batch of batches().list({ limit: 2, before_id: made[4] as string })) {
      backwards.push(batch.id);
    }
    expect(backwards.sort()).toEqual(made.slice(0, 4).sort());
    expect(await batches().list({ limit: 2 })).toMatchObject({
      has_more: true,
      first_id: made[0],
      last_id: made[1],
    });
  });

  test('a batch of the other surface is not there', async () => {
    const response = await fetch(`${fleet().url}/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/jsonl', 'x-api-key': fleet().apiKey },
      body: '{"query":"one"}\n',
    });
    const { id } = (await response.json()) as { id: string };
    await expect(batches().retrieve(id)).rejects.toBeInstanceOf(Anthropic.NotFoundError);
    expect((await batches().list()).data).toEqual([]);
  });
});
