import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FleetError, Message, ModelReply, ModelRequest, ToolDefinition } from '@mcp-fleet/core';
import { createModels, type Models } from '@mcp-fleet/models';
import { type RunningSimulator, type ScriptedReply, startSimulator } from '@mcp-fleet/simulator';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

let simulator: RunningSimulator;
let models: Models;

beforeAll(async () => {
  simulator = await startSimulator({ apiKey: 'right-key' });
  models = modelsAt(simulator.url);
});
afterEach(() => simulator.reset());
afterAll(async () => {
  await models.close();
  await simulator.stop();
});

function modelsAt(url: string, apiKey = 'right-key'): Models {
  return createModels({
    anthropic: { apiKey, baseURL: url },
    openai: { apiKey, baseURL: `${url}/v1` },
    simulated: { apiKey, baseURL: url },
  });
}

const calculate: ToolDefinition = {
  name: 'math__calculate',
  description: 'Evaluates an arithmetic expression.',
  inputSchema: { type: 'object', properties: { expression: { type: 'string' } }, required: ['expression'] },
  safety: 'read_only',
};

function request(
  model: string,
  messages: Message[] | string,
  more: Partial<ModelRequest> = {},
): ModelRequest {
  return {
    model,
    messages: typeof messages === 'string' ? [userText(messages)] : messages,
    tools: [],
    maxTokens: 1000,
    timeoutMs: 20_000,
    jobId: 'job_1',
    ...more,
  };
}

function userText(text: string): Message {
  return { role: 'user', content: [{ type: 'text', text }] };
}

interface Path {
  model: string;
  stream: boolean;
}

const paths: [string, Path][] = [
  ['Anthropic, JSON', { model: 'simulated', stream: false }],
  ['Anthropic, SSE', { model: 'simulated', stream: true }],
  ['OpenAI, JSON', { model: 'openai/simulated', stream: false }],
  ['OpenAI, SSE', { model: 'openai/simulated', stream: true }],
];

function complete(
  { model, stream }: Path,
  messages: Message[] | string,
  more: Partial<ModelRequest> = {},
  signal = new AbortController().signal,
): Promise<ModelReply> {
  const onDelta = stream ? { onDelta: () => {} } : {};
  return models.complete(request(model, messages, more), { signal, ...onDelta });
}

async function faultOf(call: Promise<unknown>): Promise<FleetError> {
  return call.then(
    () => Promise.reject(new Error('A fault was expected.')),
    (thrown) => thrown,
  );
}

describe('routing', () => {
  test.each([
    ['simulated', 'simulated'],
    ['simulated-large', 'simulated-large'],
    ['anthropic/simulated', 'simulated'],
    ['openai/simulated', 'simulated'],
  ])('%s is answered by %s', async (model, answering) => {
    const reply = await complete({ model, stream: false }, 'Hello');
    expect(reply.model).toBe(answering);
    expect(reply.requestId).toMatch(/^req_sim/);
  });

  test('bare claude- and gpt- names go to their providers, which here refuse them', async () => {
    const claude = await faultOf(complete({ model: 'claude-opus-5', stream: false }, 'Hello'));
    expect(claude).toMatchObject({ code: 'model_rejected', retry: 'never' });
    expect(claude.message).toBe('anthropic answered 404 not_found_error: model: claude-opus-5');
    const gpt = await faultOf(complete({ model: 'gpt-5', stream: false }, 'Hello'));
    expect(gpt.message).toMatch(/^openai answered 404 .*model: gpt-5$/);
  });

  test('a name without a provider, and a provider without settings, say what to set', async () => {
    const only = createModels({ simulated: { baseURL: simulator.url } });
    const { signal } = new AbortController();
    const nameless = await faultOf(only.complete(request('llama', 'Hello'), { signal }));
    expect(nameless).toMatchObject({ code: 'unknown_model', retry: 'never' });
    expect(nameless.message).toMatch(/"llama".*anthropic\/NAME.*configured: simulated/);
    const absent = await faultOf(only.complete(request('anthropic/claude-opus-5', 'Hello'), { signal }));
    expect(absent.code).toBe('unknown_model');
    expect(absent.message).toMatch(/ANTHROPIC_API_KEY.*configured: simulated/);
  });
});

describe.each(paths)('%s', (_name, path) => {
  test('a tool call and its result go round, with usage and deltas', async () => {
    const deltas: string[] = [];
    const query = userText('what is 12*7+3');
    const ask = (messages: Message[]) =>
      models.complete(request(path.model, messages, { tools: [calculate], system: 'Be brief.' }), {
        signal: new AbortController().signal,
        ...(path.stream ? { onDelta: (text: string) => deltas.push(text) } : {}),
      });
    const asked = await ask([query]);
    expect(asked.stopReason).toBe('tool_use');
    const use = asked.content.find((block) => block.type === 'tool_use');
    expect(use).toMatchObject({ name: 'math__calculate', input: { expression: '12*7+3' } });
    expect(asked.usage.inputTokens).toBeGreaterThan(10);
    expect(asked.usage.outputTokens).toBeGreaterThan(1);

    deltas.length = 0;
    const result = { type: 'tool_result', tool_use_id: use?.id, content: [{ type: 'text', text: '87' }] };
    const answered = await ask([
      query,
      { role: 'assistant', content: asked.content },
      { role: 'user', content: [result] },
    ]);
    expect(answered.content).toEqual([{ type: 'text', text: '12*7+3 = 87 [simulated]' }]);
    expect(answered.stopReason).toBe('end_turn');
    expect(deltas.join('')).toBe(path.stream ? '12*7+3 = 87 [simulated]' : '');
  });

  test('parallel calls and an error result keep their places', async () => {
    simulator.script({
      replies: [
        {
          content: [
            { type: 'tool_use', id: 'a', name: 'x', input: { deep: { list: [1, 'two'] } } },
            { type: 'tool_use', id: 'b', name: 'y', input: {} },
          ],
        },
      ],
    });
    const asked = await complete(path, 'go');
    expect(asked.content.map(({ id, input }) => [id, input])).toEqual([
      ['a', { deep: { list: [1, 'two'] } }],
      ['b', {}],
    ]);
    const results = [
      { type: 'tool_result', tool_use_id: 'a', content: 'disk full', is_error: true },
      { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'ok' }] },
    ];
    const answered = await complete(path, [
      userText('go'),
      { role: 'assistant', content: asked.content },
      { role: 'user', content: results },
    ]);
    expect(JSON.stringify(answered.content)).toMatch(/disk full/);
  });

  test('the job id goes along', async () => {
    await complete(path, 'Hello', { jobId: 'job_of_this_test' });
    expect(simulator.stats().by_job.job_of_this_test).toMatchObject({ requests: 1 });
  });

  const faults: [string, NonNullable<ScriptedReply['error']>, string][] = [
    ['429', { status: 429, message: 'slow down', retry_after: 7 }, 'model_rate_limited'],
    ['429 of a spend limit', spend('enforced_spend_limit_reached'), 'model_rejected'],
    ['429 of a contract', spend('contract_spend_limit_reached'), 'model_rejected'],
    ['402', { status: 402, message: 'no credit' }, 'model_rejected'],
    ['400 of a spend limit', { status: 400, message: 'specified API usage limits' }, 'model_rejected'],
    ['400 too long', { status: 400, message: 'prompt is too long: 9 > 8' }, 'context_window_exceeded'],
    ['401', { status: 401, message: 'no' }, 'model_authentication'],
    ['403', { status: 403, message: 'no' }, 'model_authentication'],
    ['404', { status: 404, message: 'no' }, 'model_rejected'],
    ['413', { status: 413, message: 'no' }, 'model_rejected'],
    ['422', { status: 422, message: 'no' }, 'model_rejected'],
    ...[408, 409, 500, 502, 503, 504, 529].map((status): (typeof faults)[number] => [
      String(status),
      { status, message: 'later' },
      'model_unavailable',
    ]),
  ];

  test.each(faults)('%s', async (_status, error, code) => {
    simulator.script({ replies: [{ error }] });
    const fault = await faultOf(complete(path, 'Hello'));
    expect(fault).toMatchObject({ name: 'FleetError', code });
    expect(fault.message).toContain(`answered ${error.status}`);
    expect(fault.message).toContain(error.message);
    expect(fault.message).not.toContain('right-key');
    expect(simulator.stats().requests).toBe(1);
  });

  test.each([
    [{ retry_after: 7 }, 7000],
    [{ retry_after: 7, retry_after_ms: 1234 }, 1234],
    [{ retry_after: new Date(Date.now() + 3_600_000).toUTCString() }, 3_600_000],
    [{}, undefined],
  ])('a 429 carries the wait %o', async (wait, expected) => {
    simulator.script({ replies: [{ error: { status: 429, message: 'slow down', ...wait } }] });
    const { retryAfterMs } = await faultOf(complete(path, 'Hello'));
    if (expected === undefined) expect(retryAfterMs).toBeUndefined();
    else expect(Math.abs((retryAfterMs ?? 0) - expected)).toBeLessThan(5000);
  });

  test('a wrong key is an authentication fault without the key', async () => {
    const wrong = modelsAt(simulator.url, 'sk-wrong-secret');
    const { signal } = new AbortController();
    const fault = await faultOf(wrong.complete(request(path.model, 'Hello'), { signal }));
    expect(fault.code).toBe('model_authentication');
    expect(fault.message).not.toContain('secret');
  });

  test('a body that is not of the API is a bad reply', async () => {
    simulator.script({ replies: [{ garbage: true }] });
    expect(await faultOf(complete(path, 'Hello'))).toMatchObject({ code: 'model_bad_reply', retry: 'again' });
  });

  test('a reply that breaks off is unavailable, never a part', async () => {
    for (const cut_after of [0, 1, 3, 4]) {
      simulator.script({ replies: [{ content: 'a long answer '.repeat(20), cut_after }] });
      expect(await faultOf(complete(path, 'Hello'))).toMatchObject({ code: 'model_unavailable' });
    }
  });

  test('an abort by the signal ends the call at once', async () => {
    simulator.script({ replies: [{ hang: true }] });
    const controller = new AbortController();
    const call = faultOf(complete(path, 'Hello', {}, controller.signal));
    await simulator.untilHeld(1);
    controller.abort();
    expect(await call).toBeInstanceOf(Error);
    await expect.poll(() => simulator.stats()).toMatchObject({ held: 0, concurrent: 0 });
  });

  test('the timeout covers a server that never answers', async () => {
    simulator.script({ replies: [{ hang: true }] });
    const fault = await faultOf(complete(path, 'Hello', { timeoutMs: 60 }));
    expect(fault.code).toBe('model_unavailable');
    expect(fault.message).toMatch(/60 ms|timed out/i);
  });

  test('a refusal and a cut reply carry their stop reasons', async () => {
    simulator.script({ replies: [{ content: 'half', stop_reason: 'max_tokens' }] });
    expect(await complete(path, 'Hello')).toMatchObject({ stopReason: 'max_tokens' });
    simulator.script({ replies: [{ content: 'no', stop_reason: 'refusal' }] });
    expect(await complete(path, 'Hello')).toMatchObject({ stopReason: 'refusal' });
  });

  test('nobody there is unavailable', async () => {
    const nobody = modelsAt('http://127.0.0.1:1');
    const { signal } = new AbortController();
    expect(await faultOf(nobody.complete(request(path.model, 'Hello'), { signal }))).toMatchObject({
      code: 'model_unavailable',
    });
  });

  test('an answer 200 of some other server is a bad reply', async () => {
    const other = await serve('<html>Welcome to the hotel</html>', 'text/html');
    const call = modelsAt(other.url).complete(request(path.model, 'Hello'), {
      signal: new AbortController().signal,
    });
    expect((await faultOf(call)).code).toBe('model_bad_reply');
    await other.stop();
  });
});

function spend(code: string): NonNullable<ScriptedReply['error']> {
  return { status: 429, message: 'limit reached', code };
}

describe.each(paths.filter(([, { stream }]) => stream))('%s only', (_name, path) => {
  test('an error event after the status 200 is unavailable', async () => {
    const error = { status: 529, message: 'Overloaded' };
    simulator.script({ replies: [{ content: 'some text', error, fail_after: 4 }] });
    const fault = await faultOf(complete(path, 'Hello'));
    expect(fault.code).toBe('model_unavailable');
    expect(fault.message).toContain('Overloaded');
  });

  test('an abort in the middle of a stream throws and returns no part', async () => {
    simulator.configure({ eventMs: 10 });
    simulator.script({ replies: [{ content: 'a long answer '.repeat(40) }] });
    const controller = new AbortController();
    const call = models.complete(request(path.model, 'Hello'), {
      signal: controller.signal,
      onDelta: () => controller.abort(),
    });
    expect(await faultOf(call)).toBeInstanceOf(Error);
    expect(controller.signal.aborted).toBe(true);
    await expect.poll(() => simulator.stats().concurrent).toBe(0);
  });

  test('the timeout covers a stream that is too slow', async () => {
    simulator.configure({ eventMs: 20 });
    simulator.script({ replies: [{ content: 'a long answer '.repeat(40) }] });
    const fault = await faultOf(complete(path, 'Hello', { timeoutMs: 150 }));
    expect(fault.code).toBe('model_unavailable');
    expect(fault.message).toContain('150 ms');
  });
});

test.each([true, false])('thinking comes back as it was sent (stream: %s)', async (stream) => {
  const content = [
    { type: 'thinking', thinking: 'first  this,\nthen that ✓', signature: 'EqQBCgIYAhIM+/=' },
    { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix' },
    { type: 'text', text: 'Done.' },
    { type: 'tool_use', id: 'toolu_1', name: 'x', input: { a: 1 } },
  ];
  simulator.script({ replies: [{ content }] });
  const reply = await complete({ model: 'simulated', stream }, 'Hello', { thinking: { type: 'adaptive' } });
  expect(JSON.stringify(reply.content)).toBe(JSON.stringify(content));
  const next = await complete({ model: 'simulated', stream }, [
    userText('Hello'),
    { role: 'assistant', content: reply.content },
    { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok' }] },
  ]);
  expect(next.stopReason).toBe('end_turn');
});

test.each([true, false])('cached tokens are counted apart (stream: %s)', async (stream) => {
  const usage = { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 70 };
  for (const model of ['simulated', 'openai/simulated']) {
    simulator.script({ replies: [{ content: 'x', usage }] });
    expect((await complete({ model, stream }, 'Hello')).usage).toEqual({
      inputTokens: 10,
      outputTokens: 5,
      cacheReadTokens: 70,
      cacheWriteTokens: 0,
    });
  }
});

test.each([true, false])(
  'broken arguments are a bad reply, cut ones a cut reply (stream: %s)',
  async (stream) => {
    const content = [{ type: 'tool_use', id: 'a', name: 'x', input: '{"half": ' }];
    const path = { model: 'openai/simulated', stream };
    simulator.script({ replies: [{ content }, { content, stop_reason: 'max_tokens' }] });
    expect((await faultOf(complete(path, 'Hello'))).code).toBe('model_bad_reply');
    expect((await faultOf(complete(path, 'Hello'))).code).toBe('model_output_truncated');
  },
);

test('closing ends the calls under way as unavailable', async () => {
  simulator.script({ replies: [{ hang: true }, { hang: true }] });
  const mine = modelsAt(simulator.url);
  const { signal } = new AbortController();
  const calls = ['simulated', 'openai/simulated'].map((model) =>
    faultOf(mine.complete(request(model, 'Hello'), { signal, onDelta: () => {} })),
  );
  await simulator.untilHeld(2);
  await mine.close();
  for (const fault of await Promise.all(calls)) expect(fault.code).toBe('model_unavailable');
});

async function serve(body: string, type: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const server: Server = createServer((incoming, response) => {
    incoming.resume();
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
