import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { CallToolResult, JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, expect, test, vi } from 'vitest';
import { startFleetProcess } from '../support/fleet-process.ts';
import { processesMentioning } from '../support/leftovers.ts';
import { runCli } from '../support/run-cli.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 120_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));
const math = join(root, 'services/mcp-math/src/main.ts');
const folder = useTemporaryFolder();
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface Spoken {
  client: Client;
  pid: number;
  /** All that the server has sent. */
  heard: JSONRPCMessage[];
  /** What stood on stdout and was no message of the protocol. */
  faults: Error[];
  /** What stood on stderr. */
  log(): string;
}

/** `fleet mcp` as an MCP client starts it. */
async function speak(args: string[], env: Record<string, string> = {}): Promise<Spoken> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(root, 'services/cli/src/main.ts'), 'mcp', ...args],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    cwd: folder.path,
    stderr: 'pipe',
  });
  let log = '';
  transport.stderr?.on('data', (chunk) => {
    log += chunk;
  });
  const faults: Error[] = [];
  const client = new Client({ name: 'test', version: '1' });
  // The SDK's client reports progress that it reads together with the result as an error as well.
  client.onerror = (error) => {
    if (!error.message.includes('unknown token')) faults.push(error);
  };
  await client.connect(transport);
  const heard: JSONRPCMessage[] = [];
  const hear = transport.onmessage;
  transport.onmessage = (message) => {
    heard.push(message);
    hear?.(message);
  };
  closers.push(() => client.close());
  return { client, pid: transport.pid as number, heard, faults, log: () => log };
}

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('a client gets an answer from the embedded default, with nothing but protocol on stdout', async () => {
  const { client, pid, heard, faults, log } = await speak(['--server', math], { LOG_LEVEL: 'debug' });
  const session = (await client.callTool({ name: 'create_session' })) as CallToolResult;
  const submitted = (await client.callTool({
    name: 'submit_job',
    arguments: { query: 'What is the median of 3, 9 and 4?', session_id: session.structuredContent?.id },
  })) as CallToolResult;
  const ended = (await client.callTool(
    { name: 'wait_for_job', arguments: { job_id: submitted.structuredContent?.id } },
    undefined,
    { onprogress: () => undefined },
  )) as CallToolResult;
  expect(ended.structuredContent).toMatchObject({ state: 'succeeded' });
  expect(ended.structuredContent?.answer).toContain('is 4');
  expect(heard.slice(-4)).toMatchObject([
    { method: 'notifications/progress', params: { message: 'the model calls main__statistics' } },
    { method: 'notifications/progress', params: { message: 'main__statistics answered' } },
    { method: 'notifications/progress', params: { message: expect.stringMatching(/^the model replied/) } },
    { result: { structuredContent: { state: 'succeeded' } } },
  ]);
  expect(faults).toEqual([]);
  // The log is there, and went elsewhere.
  expect(log()).toContain('"msg":"job ended"');
  await client.close();
  await until('the end of the command', async () => !isAlive(pid));
  expect(processesMentioning(math)).toEqual([]);
  // It left its folder in order: the next command finds the job.
  const jobs = await runCli(['jobs', 'list', '--json'], { cwd: folder.path });
  expect(JSON.parse(jobs.stdout).data).toMatchObject([{ id: submitted.structuredContent?.id }]);
});

test('it speaks for the fleet that runs already, and leaves it running', async () => {
  const data = join(folder.path, '.fleet');
  const up = await startFleetProcess(['up', '--port', '0', '--data', data, '--server', math], {});
  closers.push(() => up.kill('SIGTERM'));
  const { client, pid } = await speak([]);
  const submitted = (await client.callTool({
    name: 'submit_job',
    arguments: { query: 'What is 6 * 7?', wait: 60 },
  })) as CallToolResult;
  expect(submitted.structuredContent).toMatchObject({ state: 'succeeded' });
  const show = ['jobs', 'show', String(submitted.structuredContent?.id), '--url', up.url, '--json'];
  expect((await runCli(show)).stdout).toContain('6 * 7 = 42');
  await client.close();
  await until('the end of the command', async () => !isAlive(pid));
  expect(isAlive(up.pid)).toBe(true);
});

test.each([
  ['of a fleet of its own', []],
  ['of a fleet elsewhere', ['--url', 'http://127.0.0.1:1']],
])('it ends by itself when stdin is closed, and prints nothing, %s', async (_, args) => {
  const { code, stdout, stderr } = await runCli(['mcp', ...args], { cwd: folder.path });
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('what is wrong with its options is said on stderr', async () => {
  const { code, stdout, stderr } = await runCli(['mcp', '--server', './none.py'], { cwd: folder.path });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain('none.py');
});
