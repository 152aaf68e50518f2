import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ToolOutput } from '@mcp-fleet/core';
import { createMathServer } from '@mcp-fleet/mcp-math';
import { startMcpHttp } from '@mcp-fleet/mcp-serving';
import {
  createToolProvider,
  type McpToolProvider,
  parseServersConfig,
  serverFromPath,
  type ToolServerEvent,
} from '@mcp-fleet/tools';
import { afterEach, describe, expect, test } from 'vitest';
import { npmServer } from '../support/npm-server.ts';
import { children } from '../support/servers/processes.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const math = join(root, 'services/mcp-math/src/main.ts');
const venv = process.env.TEST_PYTHON_VENV;
const python = venv === undefined ? '' : join(venv, 'bin/python');
const hasPython = venv !== undefined && existsSync(python);
if (!hasPython)
  console.log('Skipped: Python servers, because TEST_PYTHON_VENV names no virtual environment.');

const never = new AbortController().signal;
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  expect(children()).toEqual([]);
});

function provider(
  mcpServers: Record<string, unknown>,
  onEvent?: (event: ToolServerEvent) => void,
): McpToolProvider {
  const servers = parseServersConfig(JSON.stringify({ mcpServers }), 'test', process.env);
  const tools = createToolProvider({ servers, env: process.env, ...(onEvent ? { onEvent } : {}) });
  closers.push(() => tools.stop());
  return tools;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function call(
  tools: McpToolProvider,
  name: string,
  input: Record<string, unknown> = {},
): Promise<ToolOutput> {
  return tools.call({ name, input, idempotencyKey: 'job.1.0', timeoutMs: 20_000 }, never);
}

const mathStdio = { command: process.execPath, args: [math], trusted: true };
const loan = { P: 1000, r: 0.05, n: 4, t: 2 };
const amount = {
  content: [{ type: 'text', text: 'Final amount after 2 years is $1,104.49' }],
  isError: false,
};

describe('mcp-math', () => {
  test('is called over stdio', async () => {
    const tools = provider({ math: mathStdio });
    const { tools: offered } = await tools.list(undefined, never);
    expect(offered.map(({ name, safety }) => [name, safety])).toEqual([
      ['math__calculate', 'read_only'],
      ['math__compound_interest', 'read_only'],
      ['math__solve_for_rate', 'read_only'],
      ['math__statistics', 'read_only'],
    ]);
    expect(await call(tools, 'math__compound_interest', loan)).toEqual(amount);
  });

  test('is called over Streamable HTTP', async () => {
    const served = await startMcpHttp(createMathServer, { port: 0 });
    closers.push(() => served.stop());
    const tools = provider({ math: { type: 'http', url: served.url } });
    expect((await tools.list(undefined, never)).tools[0]?.safety).toBe('unsafe');
    expect(await call(tools, 'math__compound_interest', loan)).toEqual(amount);
    expect(tools.status()).toMatchObject([{ name: 'math', transport: 'http', state: 'ready', tools: 4 }]);
  });

  test('serves a hundred calls at once over two connections, and lists without another round trip', async () => {
    const tools = provider({ math: { ...mathStdio, connections: 2 } });
    const first = await tools.list(['math__*'], never);
    const outputs = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        call(tools, 'math__calculate', { expression: `${index} * 2` }),
      ),
    );
    expect(outputs.map(({ content }) => content[0]?.text)).toEqual(outputs.map((_, index) => `${index * 2}`));
    await expect.poll(() => tools.status()).toMatchObject([{ connections: 2, inFlight: 0 }]);
    expect(await tools.list(['math__*'], never)).toBe(first);
  });

  test('checks arguments before anything is sent', async () => {
    const output = await call(provider({ math: mathStdio }), 'math__compound_interest', {
      P: 'much',
      r: 0.05,
      n: 4,
    });
    expect(output.isError).toBe(true);
    const text = String(output.content[0]?.text);
    expect(text).toContain("must have required property 't'");
    expect(text).toContain('/P must be number');
  });
});

test('the npm server "everything": text, images, links, resources and structured results', async () => {
  const tools = provider({
    all: { command: process.execPath, args: [npmServer('server-everything'), 'stdio'] },
  });
  const names = (await tools.list(undefined, never)).tools.map(({ name }) => name);
  expect(names).toEqual([...names].sort());
  expect(await call(tools, 'all__echo', { message: 'hello' })).toEqual({
    content: [{ type: 'text', text: 'Echo: hello' }],
    isError: false,
  });
  const image = await call(tools, 'all__get-tiny-image');
  expect(image.content).toContainEqual(
    expect.objectContaining({ type: 'image', source: expect.objectContaining({ media_type: 'image/png' }) }),
  );
  const links = await call(tools, 'all__get-resource-links', { count: 2 });
  expect(links.content.every(({ type }) => type === 'text')).toBe(true);
  expect(JSON.stringify(links.content)).toContain('resource link');
});

test('the npm server "everything" over Streamable HTTP, with sessions and events', async () => {
  const port = await freePort();
  const server = spawn(process.execPath, [npmServer('server-everything'), 'streamableHttp'], {
    env: { PATH: process.env.PATH, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  closers.push(async () => {
    server.kill('SIGKILL');
    await once(server, 'exit');
  });
  await once(server.stderr, 'data');
  const tools = provider({ all: { type: 'streamable-http', url: `http://127.0.0.1:${port}/mcp` } });
  const slow = call(tools, 'all__trigger-long-running-operation', { duration: 1, steps: 4 });
  expect(await call(tools, 'all__echo', { message: 'hello' })).toMatchObject({ isError: false });
  expect(JSON.stringify((await slow).content)).toContain('completed');
});

test('the npm server "filesystem" reads a file, and its refusal is an error result', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-tools-'));
  closers.unshift(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'note.txt'), 'remember the milk');
  const tools = provider({
    files: { command: process.execPath, args: [npmServer('server-filesystem'), folder] },
  });
  const read = await call(tools, 'files__read_text_file', { path: join(folder, 'note.txt') });
  expect(read).toEqual({ content: [{ type: 'text', text: 'remember the milk' }], isError: false });
  expect((await call(tools, 'files__read_text_file', { path: '/etc/hostname' })).isError).toBe(true);
});

describe.skipIf(!hasPython)('Python', () => {
  test('mcp-server-time tells the time', async () => {
    const tools = provider({ time: { command: join(String(venv), 'bin/mcp-server-time') } });
    const output = await call(tools, 'time__get_current_time', { timezone: 'Europe/Berlin' });
    expect(output.isError).toBe(false);
    expect(String(output.content[0]?.text)).toContain('Europe/Berlin');
  });

  test('a server.py given by its path: a result, a failure, a timeout, and parallel slow calls', async () => {
    const path = join(root, 'test/support/servers/server.py');
    const { name, config } = serverFromPath(path, { ...process.env, PYTHON: python });
    const tools = createToolProvider({ servers: { [name]: config }, env: process.env });
    closers.push(() => tools.stop());
    expect(await call(tools, 'server__math_tool', loan)).toEqual(amount);
    const failure = await call(tools, 'server__failing_tool');
    expect(failure.isError).toBe(true);
    expect(String(failure.content[0]?.text)).toContain('failing_tool');
    const slow = [0.2, 0.2, 0.2].map((seconds) => call(tools, 'server__slow_tool', { seconds }));
    expect((await Promise.all(slow)).map(({ isError }) => isError)).toEqual([false, false, false]);
    const late = tools.call(
      { name: 'server__slow_tool', input: { seconds: 60 }, idempotencyKey: 'k', timeoutMs: 100 },
      never,
    );
    await expect(late).rejects.toMatchObject({ code: 'tool_outcome_unknown', details: { timeout: true } });
  });
});
