import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningSimulator, startSimulator } from './index.ts';

let simulator: RunningSimulator;
beforeAll(async () => {
  simulator = await startSimulator({ apiKey: 'k' });
});
afterEach(() => simulator.reset());
afterAll(() => simulator.stop());

const hello = { model: 'simulated', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] };

function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(simulator.url + path, {
    method: 'POST',
    headers: {
      'x-api-key': 'k',
      'anthropic-version': '2023-06-01',
      'content-type': 'application/json',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const events = (body: string) => [...body.matchAll(/^event: (.*)$/gm)].map(([, name]) => name);

describe('the Messages API', () => {
  test('identical requests get identical replies under request ids of their own', async () => {
    const first = await post('/v1/messages', hello);
    const second = await post('/v1/messages', hello);
    expect(first.headers.get('request-id')).toMatch(/^req_/);
    expect(first.headers.get('request-id')).not.toBe(second.headers.get('request-id'));
    const body = await first.json();
    expect(body).toEqual(await second.json());
    expect(body).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn' });
  });

  test('a stream has the events of the real one, in order', async () => {
    const response = await post('/v1/messages', { ...hello, stream: true });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const names = events(await response.text());
    expect(names.slice(0, 4)).toEqual([
      'message_start',
      'ping',
      'content_block_start',
      'content_block_delta',
    ]);
    expect(names.slice(-3)).toEqual(['content_block_stop', 'message_delta', 'message_stop']);
  });

  test('a long reply is cut at max_tokens', async () => {
    const body = await (await post('/v1/messages', { ...hello, max_tokens: 2 })).json();
    expect(body).toMatchObject({ stop_reason: 'max_tokens', content: [{ type: 'text' }] });
    expect(body.content[0].text).toHaveLength(8);
  });

  test.each<[string, unknown, Record<string, string>, number, string, RegExp]>([
    ['no version', hello, { 'anthropic-version': '' }, 400, 'invalid_request_error', /anthropic-version/],
    ['no key', hello, { 'x-api-key': '' }, 401, 'authentication_error', /header is required/],
    ['a wrong key', hello, { 'x-api-key': 'z' }, 401, 'authentication_error', /invalid x-api-key/],
    ['no JSON', '{', {}, 400, 'invalid_request_error', /not valid JSON/],
    ['no model', { ...hello, model: undefined }, {}, 400, 'invalid_request_error', /model: Field required/],
    ['another model', { ...hello, model: 'gpt-5' }, {}, 404, 'not_found_error', /model: gpt-5/],
    ['no max_tokens', { ...hello, max_tokens: undefined }, {}, 400, 'invalid_request_error', /max_tokens/],
    ['no messages', { ...hello, messages: [] }, {}, 400, 'invalid_request_error', /at least one message/],
    ['a large body', 'x'.repeat(33 * 1024 * 1024), {}, 413, 'request_too_large', /maximum size/],
  ])('%s is refused', async (_what, body, headers, status, type, message) => {
    const response = await post('/v1/messages', body, headers);
    expect(response.status).toBe(status);
    const refusal = await response.json();
    expect(refusal).toMatchObject({ type: 'error', error: { type } });
    expect(refusal.error.message).toMatch(message);
    expect(refusal.request_id).toBe(response.headers.get('request-id'));
  });

  test('count_tokens counts what usage counts', async () => {
    const { usage } = await (await post('/v1/messages', hello)).json();
    const { max_tokens: _, ...prompt } = hello;
    const counted = await (await post('/v1/messages/count_tokens', prompt)).json();
    expect(counted).toEqual({ input_tokens: usage.input_tokens });
  });
});

describe('chat completions', () => {
  const bearer = { 'x-api-key': '', authorization: 'Bearer k' };

  test('streams chunks, usage on request, and [DONE]', async () => {
    const streaming = { ...hello, stream: true, stream_options: { include_usage: true } };
    const body = await (await post('/v1/chat/completions', streaming, bearer)).text();
    const data = [...body.matchAll(/^data: (.*)$/gm)].map(([, line]) => line ?? '');
    expect(data.at(-1)).toBe('[DONE]');
    expect(JSON.parse(data.at(-2) ?? '')).toMatchObject({ choices: [], usage: { prompt_tokens: 15 } });
    expect(JSON.parse(data.at(-3) ?? '').choices[0].finish_reason).toBe('stop');
  });

  test('refuses calls without results, in its own shape', async () => {
    const messages = [
      { role: 'user', content: 'go' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'x', arguments: '{}' } }],
      },
      { role: 'user', content: 'and?' },
    ];
    const response = await post('/v1/chat/completions', { model: 'simulated', messages }, bearer);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { type: 'invalid_request_error', message: expect.stringContaining('call_1'), code: null },
    });
  });
});

describe('control', () => {
  test('a script is played in order, a job its own, then planning goes on', async () => {
    await post('/__sim/script', { replies: [{ content: 'for anyone' }] });
    await post('/__sim/script', { job: 'a', replies: [{ content: 'one' }, { error: { status: 529 } }] });
    const ask = async (job: string) => {
      const body = await (await post('/v1/messages', hello, { 'x-fleet-job': job })).json();
      return body.content?.[0].text ?? body.error.type;
    };
    expect(await ask('a')).toBe('one');
    expect(await ask('a')).toBe('overloaded_error');
    expect(await ask('a')).toBe('for anyone');
    expect(await ask('a')).toMatch(/\[simulated\]$/);
    const stats = await (await fetch(`${simulator.url}/__sim/stats`)).json();
    expect(stats.by_job.a).toMatchObject({ requests: 4, replies: { length: 3 } });
    expect(stats.by_status).toEqual({ 200: 3, 529: 1 });
  });

  test('a held reply comes after the release', async () => {
    simulator.script({ replies: [{ hold: true, content: 'late' }] });
    const held = post('/v1/messages', hello);
    await simulator.untilHeld(1);
    expect(simulator.stats()).toMatchObject({ held: 1, concurrent: 1, concurrent_max: 1 });
    expect(await (await post('/__sim/release', {})).json()).toEqual({ released: 1 });
    expect((await (await held).json()).content[0].text).toBe('late');
  });

  test('every n-th request fails when configured so', async () => {
    await post('/__sim/config', { fault: { status: 503, every: 3 } });
    const statuses: number[] = [];
    for (let n = 0; n < 6; n += 1) statuses.push((await post('/v1/messages', hello)).status);
    expect(statuses).toEqual([200, 200, 503, 200, 200, 503]);
  });

  test('a client that leaves while it waits is not answered', async () => {
    simulator.script({ replies: [{ hang: true }] });
    const controller = new AbortController();
    const request = fetch(`${simulator.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': 'k', 'anthropic-version': '1' },
      body: JSON.stringify(hello),
      signal: controller.signal,
    }).catch((error: Error) => error.name);
    await simulator.untilHeld(1);
    controller.abort();
    expect(await request).toBe('AbortError');
    await expect.poll(() => simulator.stats()).toMatchObject({ held: 0, concurrent: 0, unanswered: 1 });
  });

  test('an unknown key in a script is refused by name', async () => {
    const response = await post('/__sim/script', { replies: [{ contents: 'x' }] });
    expect(response.status).toBe(400);
    expect((await response.json()).error).toMatch(/contents/);
  });
});

test('stopping ends held, hanging and slow requests, twice if asked', async () => {
  const other = await startSimulator({ apiKey: null });
  other.script({ replies: [{ hang: true }, { hold: true }] });
  const ask = () =>
    fetch(`${other.url}/v1/messages`, {
      method: 'POST',
      headers: { 'anthropic-version': '1' },
      body: JSON.stringify(hello),
    }).catch((error: Error) => error.name);
  const asked = [ask(), ask()];
  await other.untilHeld(2);
  await Promise.all([other.stop(), other.stop()]);
  expect(await Promise.all(asked)).toEqual(['TypeError', 'TypeError']);
});
