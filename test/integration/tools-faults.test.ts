import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ToolOutput } from '@mcp-fleet/core';
import {
  createToolProvider,
  type McpToolProvider,
  parseServersConfig,
  type ToolServerEvent,
} from '@mcp-fleet/tools';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type NastyHttp, startNastyHttp } from '../support/servers/nasty-http.ts';
import { children, groupMembers, isAlive } from '../support/servers/processes.ts';

const nasty = fileURLToPath(new URL('../support/servers/nasty.mjs', import.meta.url));
const never = new AbortController().signal;
const closers: (() => Promise<unknown>)[] = [];
const groups = new Set<number>();

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  for (const group of groups) await expect.poll(() => groupMembers(group)).toEqual([]);
  groups.clear();
  expect(children()).toEqual([]);
});

interface Fixture {
  tools: McpToolProvider;
  events: ToolServerEvent[];
  log: string[];
}

function provider(entry: Record<string, unknown>): Fixture {
  const events: ToolServerEvent[] = [];
  const log: string[] = [];
  const text = JSON.stringify({ mcpServers: { nasty: entry } });
  const tools = createToolProvider({
    servers: parseServersConfig(text, 'test', {}),
    env: process.env,
    onEvent: (event) => events.push(event),
    onLog: (_server, line) => log.push(line),
  });
  closers.push(() => tools.stop());
  return { tools, events, log };
}

function stdio(mode: string, more: Record<string, unknown> = {}): Fixture {
  return provider({ command: process.execPath, args: [nasty, mode], ...more });
}

function call(
  { tools }: Fixture,
  tool: string,
  input: Record<string, unknown> = {},
  timeoutMs = 20_000,
  signal = never,
): Promise<ToolOutput> {
  return tools.call({ name: `nasty__${tool}`, input, idempotencyKey: 'job.2.1', timeoutMs }, signal);
}

async function started(fixture: Fixture): Promise<number> {
  await fixture.tools.list(undefined, never);
  const [pid] = fixture.tools.status()[0]?.pids ?? [];
  if (pid === undefined) throw new Error('The server has no process.');
  groups.add(pid);
  return pid;
}

const unavailable = (message: RegExp) => ({
  code: 'tool_server_unavailable',
  message: expect.stringMatching(message),
});
const unknown = (details: Record<string, unknown> = {}) => ({
  code: 'tool_outcome_unknown',
  details: expect.objectContaining(details),
});

describe('a server that does not start', () => {
  test.each([
    ['exits at once', 'exits', /ended with exit code 3 .*stderr it wrote: Missing API key/],
    ['never answers', 'silent', /did not answer within 500 ms/],
    ['prints junk and nothing else', 'junk-only', /printed "Welcome to nasty 1\.0!".* log to stderr/],
  ])('%s', async (_name, mode, message) => {
    const { tools } = stdio(mode, mode === 'exits' ? {} : { startTimeoutMs: 500 });
    await expect(tools.list(undefined, never)).rejects.toMatchObject(unavailable(message));
    await expect(tools.list([], never)).resolves.toMatchObject({ tools: [] });
    expect(tools.status()).toMatchObject([{ state: 'down', error: expect.stringMatching(message) }]);
  });

  test('names a missing command, and a missing folder', async () => {
    const command = provider({ command: 'no-such-command-here' });
    await expect(command.tools.list(undefined, never)).rejects.toMatchObject(
      unavailable(/"nasty".*"no-such-command-here" was not found\. Install it/),
    );
    const folder = provider({ command: process.execPath, cwd: '/no/such/folder' });
    await expect(folder.tools.list(undefined, never)).rejects.toMatchObject(
      unavailable(/folder \/no\/such\/folder does not exist/),
    );
  });

  test('is tried again at once, then only after a wait, and one start serves all that ask', async () => {
    const { tools, events } = stdio('exits');
    const lists = Array.from({ length: 5 }, () => tools.list(undefined, never));
    await Promise.allSettled(lists);
    expect(events.filter(({ type }) => type === 'server_failed')).toHaveLength(1);
    await expect(tools.list(undefined, never)).rejects.toThrow(/exit code 3/);
    const waiting = await tools.list(undefined, never).catch((error: unknown) => error);
    expect(waiting).toMatchObject(unavailable(/tried again in \d+ ms/));
    expect(waiting).toMatchObject({ retryAfterMs: expect.any(Number) });
    expect(events.filter(({ type }) => type === 'server_failed')).toHaveLength(2);
  });
});

describe('a stdio server that misbehaves', () => {
  test.each(['junk-first', 'junk-forever'])(
    '%s: lines that are no messages are passed over',
    async (mode) => {
      const fixture = stdio(mode);
      await started(fixture);
      expect((await call(fixture, 'noise')).content).toEqual([{ type: 'text', text: 'done' }]);
      expect(fixture.events.filter(({ type }) => type === 'stdout_junk').length).toBeGreaterThanOrEqual(2);
    },
  );

  test('crashes in a call: the outcome is unknown, and the next call starts it anew', async () => {
    const fixture = stdio('');
    await started(fixture);
    const crash = call(fixture, 'crash');
    await expect(crash).rejects.toMatchObject(unknown());
    await expect(crash).rejects.toThrow(/ended with exit code 7/);
    expect((await call(fixture, 'echo')).isError).toBe(false);
    expect(fixture.tools.status()).toMatchObject([{ state: 'ready', restarts: 1 }]);
  });

  test('hangs in a call: it times out, and the server is told', async () => {
    const fixture = stdio('');
    await started(fixture);
    await expect(call(fixture, 'hang', {}, 100)).rejects.toMatchObject(unknown({ timeout: true }));
    await vi.waitFor(() => expect(fixture.log).toContainEqual(expect.stringMatching(/^cancelled \d+$/)));
    expect((await call(fixture, 'echo')).isError).toBe(false);
    expect(fixture.log.filter((line) => line.startsWith('cancelled'))).toHaveLength(1);
  });

  test('is told when a call is aborted', async () => {
    const fixture = stdio('');
    await started(fixture);
    const stop = new AbortController();
    const hanging = call(fixture, 'hang', {}, 20_000, stop.signal);
    await vi.waitFor(() => expect(fixture.log).toContain('call hang'));
    stop.abort();
    await expect(hanging).rejects.toMatchObject(unknown({ aborted: true }));
    await vi.waitFor(() => expect(fixture.log).toContainEqual(expect.stringMatching(/^cancelled/)));
    await expect(call(fixture, 'echo', {}, 20_000, stop.signal)).rejects.toMatchObject(
      unavailable(/cancelled/),
    );
  });

  test('sends a message without end', async () => {
    const fixture = stdio('');
    await started(fixture);
    await expect(call(fixture, 'enormous')).rejects.toThrow(/a message of more than 67108864 bytes/);
  });

  test('answers 20 MB', async () => {
    const fixture = stdio('');
    await started(fixture);
    const output = await call(fixture, 'big', { bytes: 20_000_000 });
    expect(String(output.content[0]?.text)).toHaveLength(20_000_000);
  });
});

test('a call carries its key, and its server gets no variable but the named and the basic ones', async () => {
  process.env.FLEET_TEST_SECRET = 'secret';
  closers.push(async () => void delete process.env.FLEET_TEST_SECRET);
  const fixture = stdio('', { env: { NASTY: 'yes' } });
  const output = await call(fixture, 'echo', { a: 1 });
  const { arguments: input, meta, env } = JSON.parse(String(output.content[0]?.text));
  expect([input, meta]).toEqual([{ a: 1 }, { 'fleet/idempotencyKey': 'job.2.1' }]);
  expect(env).toMatchObject({ NASTY: 'yes', PATH: process.env.PATH });
  expect(env.FLEET_TEST_SECRET).toBeUndefined();
});

test('an empty error, an unknown tool and a disabled one are error results', async () => {
  const fixture = stdio('', { tools: { hang: { enabled: false }, echo: { safety: 'idempotent' } } });
  expect(await call(fixture, 'mute')).toEqual({
    content: [{ type: 'text', text: '(no output)' }],
    isError: true,
  });
  for (const tool of ['nothing', 'hang', 'broken']) {
    expect(await call(fixture, tool)).toMatchObject({ isError: true });
  }
  // What a server writes beside its answers comes by a pipe of its own, at its own time.
  await expect.poll(() => fixture.log.filter((line) => line.startsWith('call'))).toEqual(['call mute']);
});

test('a changed tool list is read again, and only then', async () => {
  const fixture = stdio('');
  const before = await fixture.tools.list(undefined, never);
  expect(await fixture.tools.list(undefined, never)).toBe(before);
  await expect.poll(() => fixture.log.filter((line) => line === 'list')).toHaveLength(2);
  await call(fixture, 'change');
  const after = await fixture.tools.list(undefined, never);
  expect(after.tools.map(({ name }) => name)).toEqual(['nasty__echo', 'nasty__fresh']);
  expect(after.hash).not.toBe(before.hash);
});

test('an agent that is allowed an unconfigured server is told so', async () => {
  const { tools } = stdio('');
  await expect(tools.list(['other__*'], never)).rejects.toMatchObject({ code: 'unknown_server' });
});

describe('nothing is left', () => {
  test.each(['', 'ignores-sigterm', 'grandchild', 'leaves-grandchild'])(
    'of "%s" when stopped',
    async (mode) => {
      const fixture = stdio(mode);
      const group = await started(fixture);
      expect(groupMembers(group).length > 1).toBe(mode.includes('grandchild'));
      await fixture.tools.stop();
      await expect.poll(() => groupMembers(group)).toEqual([]);
      await expect(call(fixture, 'echo')).rejects.toMatchObject(unavailable(/stopped/));
    },
  );

  test('of a server that crashes beside its grandchild', async () => {
    const fixture = stdio('leaves-grandchild');
    const group = await started(fixture);
    await expect(call(fixture, 'crash')).rejects.toMatchObject(unknown());
    await expect.poll(() => groupMembers(group), { timeout: 5000 }).toEqual([]);
  });

  test('when this side is killed', async () => {
    const script = join(fileURLToPath(new URL('..', import.meta.url)), 'support/servers/run-provider.ts');
    const run = spawn(process.execPath, [script, nasty, 'grandchild'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    closers.push(async () => void run.kill('SIGKILL'));
    const [chunk] = await once(run.stdout, 'data');
    const group = Number(String(chunk));
    expect(groupMembers(group).length).toBeGreaterThan(1);
    run.kill('SIGKILL');
    await once(run, 'exit');
    await expect.poll(() => groupMembers(group), { timeout: 10_000 }).toEqual([]);
    expect(isAlive(group)).toBe(false);
  });
});

describe('an HTTP server', () => {
  async function http(unknownSession?: number): Promise<Fixture & { server: NastyHttp }> {
    const server = await startNastyHttp(unknownSession);
    closers.push(() => server.stop());
    return { server, ...provider({ url: server.url }) };
  }

  test.each([404, 400])(
    'that forgets its session (%d) gets the call once, in a new session',
    async (status) => {
      const fixture = await http(status);
      await call(fixture, 'echo', { text: 'one' });
      fixture.server.forget();
      const [two, three] = [call(fixture, 'echo', { text: 'two' }), call(fixture, 'echo', { text: 'three' })];
      expect((await two).content).toEqual([{ type: 'text', text: 'two' }]);
      expect((await three).content).toEqual([{ type: 'text', text: 'three' }]);
      expect([...fixture.server.received].sort()).toEqual(['one', 'three', 'two']);
      expect(fixture.server.begun()).toBe(2);
    },
  );

  test.each(['cut', 'reset', 'fail'])(
    'that breaks the connection (%s) leaves the outcome unknown',
    async (tool) => {
      const fixture = await http();
      await fixture.tools.list(undefined, never);
      await expect(call(fixture, tool)).rejects.toMatchObject(unknown());
      expect((await call(fixture, 'echo', { text: 'again' })).isError).toBe(false);
    },
  );

  test('that hangs is timed out', async () => {
    const fixture = await http();
    await expect(call(fixture, 'hang', {}, 100)).rejects.toMatchObject(unknown({ timeout: true }));
  });

  test('that is gone certainly got nothing', async () => {
    const fixture = await http();
    await call(fixture, 'echo', { text: 'one' });
    await fixture.server.stop();
    // By this request's failure, the kept-alive connection is known to be gone.
    await expect(fetch(fixture.server.url)).rejects.toThrow();
    await expect(call(fixture, 'echo')).rejects.toMatchObject(unavailable(/ECONNREFUSED/));
    await expect(fixture.tools.list(undefined, never)).rejects.toMatchObject(
      unavailable(/Check that it runs/),
    );
  });

  test('answers 20 MB', async () => {
    const output = await call(await http(), 'big', { bytes: 20_000_000 });
    expect(String(output.content[0]?.text)).toHaveLength(20_000_000);
  });
});
