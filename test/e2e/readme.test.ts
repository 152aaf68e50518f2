import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { type CliResult, runCli } from '../support/run-cli.ts';
import { describeWith, service } from '../support/services.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';
import { topologies } from '../support/topologies.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
vi.setConfig({ testTimeout: 120_000 });

const readme = await readFile(join(root, 'README.md'), 'utf8');
const folder = useTemporaryFolder();
const running: Pick<FleetProcess, 'kill'>[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((process) => process.kill('SIGTERM')));
});

/** The code blocks of one language, as they stand in the README. */
function blocks(language: string): string[] {
  return [...readme.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, name]) => name === language)
    .map(([, , code]) => code as string);
}

/** The arguments of every `npx fleet …` in the README, without variables before it and `&` behind. */
const commands = blocks('')
  .flatMap((block) => block.split('\n'))
  .flatMap((line) => /^(?:\w+=\S+ )*npx fleet (.*?)(?: &)?$/.exec(line)?.[1] ?? [])
  .map((line) =>
    [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? (bare as string)),
  );

/** The README's commands that begin with these words; one that is gone from it fails the test. */
function documented(...begin: string[]): string[] {
  const found = commands.find((args) => begin.every((word, n) => args[n] === word));
  if (!found) throw new Error(`The README has no \`npx fleet ${begin.join(' ')}\``);
  tried.add(found);
  return found;
}
const tried = new Set<string[]>();

async function start(args: string[], env: Record<string, string> = {}): Promise<FleetProcess> {
  const process = await startFleetProcess(args, { FLEET_DATA: join(folder.path, 'data'), ...env });
  running.push(process);
  return process;
}

/** Its command in the README names no port, and the tests have no port to themselves. */
async function startReconciler(env: Record<string, string>): Promise<void> {
  const main = join(root, 'services/cli/src/main.ts');
  const child = spawn(process.execPath, [main, ...documented('reconciler')], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, RECONCILER_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  running.push({ kill });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('reconciler ready')) return;
  }
  throw new Error(`the reconciler ended with ${await exited}`);
}

const run = (args: string[], env: Record<string, string> = {}, cwd = root): Promise<CliResult> =>
  runCli(args, { cwd, env: { FLEET_DATA: join(folder.path, 'data'), ...env }, input: 'quit\n' });

describe('the README', () => {
  test('its code prints the answer', async () => {
    const up = await start([...documented('up'), '--port', '0']);
    const [code] = blocks('ts');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module-typescript', '--eval', (code as string).replace('http://127.0.0.1:7717', up.url)],
      { cwd: root },
    );
    expect(stdout).toContain("type: 'tool_result'");
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^12 \* 7 = 84/);
  });

  test('its commands for a fleet on this machine do what it says', async () => {
    const up = await start([...documented('up'), '--port', '0']);
    expect(up.log()).toContain(up.url);
    const answered = await run(documented('submit', 'What is the median of 3, 9 and 4?'));
    expect(answered).toMatchObject({ code: 0, stdout: expect.stringContaining('is 4') });
    const job = /job_\w+/.exec(answered.stdout)?.[0] as string;
    expect((await run(documented('jobs', 'list'))).stdout).toContain(job);
    const show = documented('jobs', 'show').map((word) => (word === 'JOB_ID' ? job : word));
    expect((await run(show)).stdout).toContain('math__statistics');
    expect(await run(documented('sessions', 'list'))).toMatchObject({ code: 0 });
    expect((await run(documented('doctor'))).stdout).toContain(up.url);
    const of = (args: string[], word: string, id: string) => args.map((arg) => (arg === word ? id : arg));
    expect((await run(of(documented('jobs', 'replay'), 'JOB_ID', job))).stdout).toContain(`repeats ${job}`);
    expect((await run(of(documented('jobs', 'cancel'), 'JOB_ID', job))).stdout).toContain('succeeded');
    const none = await run(of(documented('jobs', 'cancel', '--session'), 'SESSION_ID', 'sess_none'));
    expect(none.stdout).toContain('canceled 0 jobs');
    expect(await run(documented('jobs', 'list', '--state'))).toMatchObject({ code: 0 });

    const made = await run(documented('keys', 'create'));
    const key = /key_\w+/.exec(made.stdout)?.[0] as string;
    expect(made.stdout).toContain('of the tenant acme, with jobs:write, jobs:read');
    expect(await run(documented('keys', 'list'))).toMatchObject({ code: 0 });
    expect((await run(of(documented('keys', 'rotate'), 'KEY_ID', key))).stdout).toContain('still works');
    expect((await run(of(documented('keys', 'revoke'), 'KEY_ID', key))).stdout).toContain('is revoked');
    expect((await run(documented('approvals', 'list'))).stdout).toContain('Nothing waits');
    for (const decision of ['approve', 'deny']) {
      const answer = await run(of(documented('approvals', decision), 'JOB_ID', job));
      expect(answer.stderr).toContain(`Job ${job} has no call CALL_ID that needs an approval`);
    }
  });

  test('its commands for batches do what it says', async () => {
    await start([...documented('up'), '--port', '0', '--server', 'examples/batch/fables.js']);
    expect((await run(documented('batch', 'estimate'))).stdout).toMatch(/lines: \d+ to \d+ tokens/);
    const submitted = await run(documented('batch', 'submit'));
    const id = /batch_\w+/.exec(submitted.stdout)?.[0] as string;
    const of = (action: string) =>
      run(documented('batch', action).map((word) => (word === 'BATCH_ID' ? id : word)));
    expect((await of('watch')).stdout).toContain('10 lines: 10 succeeded');
    expect((await of('results')).stdout).toContain('fable-10,succeeded');
    expect((await run(documented('batch', 'list'))).stdout).toContain(id);
    for (const action of ['show', 'pause', 'resume', 'cancel', 'retry-failed']) {
      expect((await of(action)).stdout).toContain(`${id} is ended`);
    }
    expect((await of('delete')).stdout).toContain(`${id} is deleted`);
  });

  test('its batch run with a server of its own has a result for every line', async () => {
    const out = join(folder.path, 'results.jsonl');
    const args = documented('batch', 'run').map((word) => (word.endsWith('results.jsonl') ? out : word));
    expect(await run(args)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('10 lines: 10 succeeded'),
    });
    expect(await readFile(out, 'utf8')).toContain('The Fox and the Crow');
  });

  test('its configuration for MCP clients reaches the fleet, and has the tools that it names', async () => {
    const up = await start([...documented('up'), '--port', '0']);
    const block = blocks('json').find((json) => json.includes('"mcp"')) as string;
    const { mcpServers } = JSON.parse(
      block.replaceAll('http://127.0.0.1:7717', up.url).replace('/path/to/mcp-fleet/', root),
    );
    const { command, args } = mcpServers.fleet;
    expect(command).toBe('node');
    const section = /^## Use the fleet from an MCP client\n(.*?)^```/ms.exec(readme)?.[1] ?? '';
    const named = [...section.matchAll(/`([a-z]+_[a-z_]+)`/g)].map(([, name]) => name);
    for (const transport of [
      new StdioClientTransport({ command: process.execPath, args, cwd: folder.path }),
      new StreamableHTTPClientTransport(new URL(mcpServers['fleet-over-http'].url)) as Transport,
    ]) {
      const client = new Client({ name: 'test', version: '1' });
      await client.connect(transport);
      const input = { query: 'What is 12 * 7?', wait: 60 };
      const job = await client.callTool({ name: 'submit_job', arguments: input });
      expect(job.structuredContent).toMatchObject({ answer: expect.stringContaining('12 * 7 = 84') });
      expect((await client.listTools()).tools.map(({ name }) => name).sort()).toEqual(named.sort());
      await client.close();
    }
  });

  test('its single query with a server of its own is answered', async () => {
    const { code, stdout } = await run(documented('submit', 'What is 12 * 7?'));
    expect(stdout).toContain('12 * 7 = 84');
    expect(code).toBe(0);
  });
});

describeWith(['python'], 'the README with Python', () => {
  test('its chat with ./server.py lists the tools', async () => {
    await copyFile(join(root, 'test/support/servers/server.py'), join(folder.path, 'server.py'));
    const env = { PYTHON: join(service('python'), 'bin', 'python') };
    const { code, stdout } = await run(documented('chat', './server.py'), env, folder.path);
    expect(stdout).toMatch(/Tools:.*server__math_tool/);
    expect(code).toBe(0);
  });
});

describeWith(['redis', 'mongo'], 'the README on Redis and MongoDB', () => {
  test('its commands make a fleet that answers', async () => {
    const topology = await (
      topologies.find(({ needs }) => needs.includes('mongo')) as (typeof topologies)[0]
    ).open();
    try {
      expect(await run(documented('migrate'), topology.env)).toMatchObject({ code: 0 });
      const api = await start(documented('api'), topology.env);
      const simulator = await start([...documented('simulate'), '--port', '0']);
      await startReconciler(topology.env);
      await start(documented('worker'), { ...topology.env, SIMULATOR_URL: simulator.url });
      const env = { FLEET_URL: api.url };
      const { code, stdout } = await run(documented('submit', 'What is 6 * 7?'), env);
      expect(stdout).toContain('6 * 7 = 42');
      expect(code).toBe(0);
    } finally {
      await Promise.all(running.splice(0).map((process) => process.kill('SIGTERM')));
      await topology.stop();
    }
  });

  test('no command of it was left out', () => {
    expect(commands.filter((args) => !tried.has(args))).toEqual([]);
  });
});
