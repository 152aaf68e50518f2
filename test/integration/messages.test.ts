import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CountingServer, startCountingServer } from '../support/counting-server.ts';
import { startFleetProcess } from '../support/fleet-process.ts';
import { useMessagesFleet } from '../support/messages-fleet.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone, startTestSimulator } from '../support/simulator-control.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';
import { uniqueName } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const ask = (content = 'Say hello.') => ({
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: [{ role: 'user' as const, content }],
});

describeWith(['postgres'], "messages by Anthropic's client", () => {
  const config = join(tmpdir(), `${uniqueName()}.json`);
  let tools: CountingServer;
  beforeAll(async () => {
    tools = await startCountingServer();
    const counting = { url: tools.url, tools: { add: { safety: 'read_only' } } };
    await writeFile(config, JSON.stringify({ mcpServers: { counting } }));
  });
  const fleet = useMessagesFleet(() => ({ FLEET_CONFIG: config }));
  afterAll(async () => {
    await tools.stop();
    await rm(config);
  });
  const messages = () => fleet().anthropic.messages;
  const script = (...replies: unknown[]) => fleet().simulator.script(replies);
  const held = (count: number) =>
    until(`${count} held calls`, async () => (await fleet().simulator.held()) === count);

  test('a message is the answer of a job', async () => {
    const { data, response } = await messages().create(ask()).withResponse();
    expect(data).toMatchObject({
      id: expect.stringMatching(/^msg_/),
      type: 'message',
      role: 'assistant',
      model: 'simulated',
      content: [{ type: 'text', text: expect.any(String) }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { service_tier: 'standard' },
    });
    expect(data.usage.output_tokens).toBeGreaterThan(0);
    const job = await fleet().topology.store.job(
      fleet().tenant,
      response.headers.get('fleet-job-id') as string,
    );
    expect(job).toMatchObject({ state: 'succeeded', agent: { name: 'messages', model: 'simulated' } });
  });

  test('the earlier messages, the system and the sampling are what the model gets', async () => {
    const asked = {
      ...ask(),
      messages: [
        { role: 'user', content: 'My name is Ada.' },
        { role: 'assistant', content: [{ type: 'text', text: 'Hello Ada.' }] },
        { role: 'user', content: 'What is my name?' },
      ],
      system: [{ type: 'text', text: 'Be brief.' }],
      temperature: 0.5,
      stop_sequences: ['END'],
      metadata: { user_id: 'u1' },
    };
    const { data, response } = await messages()
      .create(asked as Anthropic.MessageCreateParamsNonStreaming)
      .withResponse();
    expect(data.content[0]).toMatchObject({ text: expect.stringContaining('Ada') });
    const id = response.headers.get('fleet-job-id') as string;
    expect(await fleet().topology.store.job(fleet().tenant, id)).toMatchObject({
      agent: { system: 'Be brief.', tools: [], sampling: { temperature: 0.5, stopSequences: ['END'] } },
      metadata: { user_id: 'u1' },
    });
  });

  test('tools of a configured server run in the fleet, and only the final reply is shown', async () => {
    await script(asksToAdd(1), saysDone('counted'));
    const message = await fleet().anthropic.beta.messages.create({
      ...ask(),
      mcp_servers: [{ type: 'url', name: 'counting', url: 'https://example.com/not-used' }],
      tools: [{ type: 'mcp_toolset', mcp_server_name: 'counting' }],
    });
    expect(message.content).toEqual([{ type: 'text', text: 'counted' }]);
    expect(tools.counts()).toEqual({ 'add:1': 1 });
  });

  test('a stream has the events that the client puts together', async () => {
    await script(saysDone('streamed'));
    const types: string[] = [];
    const stream = messages().stream(ask());
    stream.on('streamEvent', ({ type }) => types.push(type));
    expect(await stream.finalMessage()).toMatchObject({
      content: [{ type: 'text', text: 'streamed' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: expect.any(Number) },
    });
    expect(types).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  test('a stream whose job fails ends with an error', async () => {
    await script({ error: { status: 400, type: 'invalid_request_error' } });
    await expect(messages().stream(ask()).finalMessage()).rejects.toThrow('invalid_request_error');
  });

  test('a caller that goes away ends its job', async () => {
    await script({ hold: true, ...(saysDone() as object) });
    const gone = new AbortController();
    const asked = messages().create(ask(), { signal: gone.signal });
    await held(1);
    gone.abort();
    await expect(asked).rejects.toBeInstanceOf(Anthropic.APIUserAbortError);
    await held(0);
    const [job] = await fleet().topology.store.jobs(fleet().tenant, {}, { limit: 1 });
    await until('the end of the job', async () => {
      const seen = await fleet().topology.store.job(fleet().tenant, job?.id as string);
      return seen?.state === 'canceled';
    });
  });

  test('one with an idempotency key comes back to its job', async () => {
    await script({ hold: true, ...(saysDone('kept') as object) });
    const headers = { 'idempotency-key': 'again' };
    const gone = new AbortController();
    const first = messages().create(ask(), { signal: gone.signal, headers });
    await held(1);
    gone.abort();
    await expect(first).rejects.toThrow();
    const second = messages().create(ask(), { headers });
    await fleet().simulator.release();
    expect((await second).content).toEqual([{ type: 'text', text: 'kept' }]);
    expect(await fleet().topology.store.jobs(fleet().tenant, {}, { limit: 2 })).toHaveLength(1);
  });

  test('tokens are estimated', async () => {
    const { model, messages: asked } = ask('hello '.repeat(100));
    const short = await messages().countTokens({ model, messages: asked });
    expect(short.input_tokens).toBeGreaterThan(100);
    expect(short.input_tokens).toBeLessThan(300);
    const long = await messages().countTokens({ model, messages: asked, system: 'Be brief.' });
    expect(long.input_tokens).toBeGreaterThan(short.input_tokens);
  });

  test.each<[string, object, string]>([
    ['a tool of its own', { tools: [{ name: 'mine', input_schema: { type: 'object' } }] }, 'mcp_servers'],
    [
      'a server that nobody configured',
      { mcp_servers: [{ type: 'url', name: 'x', url: 'http://x' }] },
      'mcp_servers.0.name',
    ],
    ['a container', { container: 'c' }, 'container: not offered'],
    [
      'the beginning of a reply',
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'assistant', content: 'b' },
        ],
      },
      'messages.1',
    ],
    ['no messages', { messages: [] }, 'messages'],
    ['a blank text', { messages: [{ role: 'user', content: ' ' }] }, 'messages.0.content'],
  ])('%s is refused', async (_what, over, text) => {
    const refused = messages().create({ ...ask(), ...over } as never);
    await expect(refused).rejects.toBeInstanceOf(Anthropic.BadRequestError);
    await expect(refused).rejects.toMatchObject({
      error: {
        type: 'error',
        error: { type: 'invalid_request_error', message: expect.stringContaining(text) },
      },
    });
  });

  test('every class of error', async () => {
    const as = (apiKey: string) => new Anthropic({ baseURL: fleet().url, apiKey, maxRetries: 0 }).messages;
    await expect(as('sesame').create(ask())).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
    const reader = await fleet().keyFor(['jobs:read']);
    await expect(as(reader).create(ask())).rejects.toBeInstanceOf(Anthropic.PermissionDeniedError);
    await expect(messages().create({ ...ask(), model: 'nobody-knows' })).rejects.toBeInstanceOf(
      Anthropic.NotFoundError,
    );
    const key = { headers: { 'idempotency-key': 'one' } };
    await messages().create(ask(), key);
    await expect(messages().create(ask('another'), key)).rejects.toBeInstanceOf(Anthropic.ConflictError);
    await script({ content: [], stop_reason: 'refusal' });
    await expect(messages().create(ask())).rejects.toBeInstanceOf(Anthropic.UnprocessableEntityError);
    await script({ error: { status: 401, type: 'authentication_error' } });
    await expect(messages().create(ask())).rejects.toBeInstanceOf(Anthropic.InternalServerError);
    const large = ask('x'.repeat(9 * 1024 * 1024));
    await expect(messages().create(large)).rejects.toMatchObject({ status: 413 });
    const limits = { requests_per_minute: 1, queued_jobs: null, running_jobs: null };
    await fleet().operator.tenants.setLimits(fleet().tenant, limits);
    const asked = Promise.all([messages().create(ask()), messages().create(ask())]);
    await expect(asked).rejects.toBeInstanceOf(Anthropic.RateLimitError);
  });
});

const folder = useTemporaryFolder();

test('where jobs run in the process of the api, text comes as it is made, and goes on after a break', async () => {
  const data = join(folder.path, 'data');
  const made = await runCli(['keys', 'create', '--scopes', 'all', '--json', '--data', data]);
  const simulator = await startTestSimulator();
  const env = { FLEET_MODEL: 'simulated', LOG_LEVEL: 'silent', SIMULATOR_URL: simulator.url };
  const fleet = await startFleetProcess(['up', '--port', '0', '--data', data], env);
  try {
    const anthropic = new Anthropic({ baseURL: fleet.url, apiKey: JSON.parse(made.stdout).key });
    const content = 'one two three '.repeat(20);
    await simulator.script([{ content, cut_after: 6 }, { content }]);
    const pieces: string[] = [];
    const stream = anthropic.messages.stream(ask());
    stream.on('text', (text) => pieces.push(text));
    const message = await stream.finalMessage();
    expect(pieces.length).toBeGreaterThan(1);
    expect(pieces.join('')).toBe(content);
    expect(message.content).toEqual([{ type: 'text', text: content }]);
    expect(await simulator.total()).toBe(2);
  } finally {
    await fleet.kill('SIGTERM');
    await simulator.stop();
  }
});
