import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFleetProcess } from '../support/fleet-process.ts';
import { runCli } from '../support/run-cli.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';

const folder = useTemporaryFolder();
/** One for all, since most of the time that a new one takes is that of making its database. */
let shared: string;
const data = () => ['--data', shared];

beforeAll(async () => {
  shared = await mkdtemp(join(tmpdir(), 'fleet-test-'));
});
afterAll(() => rm(shared, { recursive: true, force: true }));

const nasty = fileURLToPath(new URL('../support/servers/nasty.mjs', import.meta.url));

/** What a command says when it refuses, and with which code. */
async function refusal(args: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await runCli(args, { env });
  expect(stdout).toBe('');
  expect(stderr.trim().split('\n')).toHaveLength(1);
  return { code, message: stderr.trim() };
}

async function configFile(text: string): Promise<string> {
  const path = join(folder.path, 'fleet.json');
  await writeFile(path, text);
  return path;
}

describe('each bad input gives one line that names cause and remedy', () => {
  test('an empty query', async () => {
    const { code, message } = await refusal(['submit', '   ', '--wait', ...data()]);
    expect(message).toContain('the query is empty');
    expect(code).toBe(2);
  });

  test('an unknown session', async () => {
    const { code, message } = await refusal([
      'submit',
      'hello',
      '--session',
      'sess_none',
      '--wait',
      ...data(),
    ]);
    expect(message).toContain('There is no session sess_none');
    expect(code).toBe(2);
  });

  test('an unknown job', async () => {
    expect(await refusal(['jobs', 'show', 'job_none', ...data()])).toMatchObject({
      code: 2,
      message: expect.stringContaining('There is no job job_none'),
    });
  });

  test('a configuration that is no JSON', async () => {
    const path = await configFile('{"mcpServers": {,}}');
    const { code, message } = await refusal(['tools', 'list', '--config', path, ...data()]);
    expect(message).toContain('fleet.json');
    expect(message).toMatch(/fleet\.json:1:17/);
    expect(code).toBe(2);
  });

  test('a configuration with a wrong key', async () => {
    const path = await configFile('{"mcpServers": {"a": {"command": 3}}}');
    const { code, message } = await refusal(['tools', 'list', '--config', path, ...data()]);
    expect(message).toContain('mcpServers.a.command');
    expect(code).toBe(2);
  });

  test('an agent with a wrong key', async () => {
    const path = await configFile('{"mcpServers": {}, "agents": {"default": {"maxTokens": "many"}}}');
    const { code, message } = await refusal(['tools', 'list', '--config', path, ...data()]);
    expect(message).toContain('agents.default.maxTokens');
    expect(code).toBe(2);
  });

  test('a server file that is not there', async () => {
    const { code, message } = await refusal([
      'submit',
      'hi',
      '--server',
      join(folder.path, 'none.py'),
      ...data(),
    ]);
    expect(message).toContain('none.py');
    expect(code).toBe(2);
  });

  test('arguments of a tool that are no JSON', async () => {
    const { code, message } = await refusal(['tools', 'call', 'a__b', 'nonsense', ...data()]);
    expect(message).toContain('not a JSON object');
    expect(code).toBe(2);
  });

  test('an environment variable that is wrong', async () => {
    const { code, message } = await refusal(['jobs', 'list', ...data()], { STORE_URL: 'mysql://x' });
    expect(message).toContain('STORE_URL');
    expect(code).toBe(2);
  });

  test('a fleet that does not answer', async () => {
    const { code, message } = await refusal(['jobs', 'list', '--url', 'http://127.0.0.1:9']);
    expect(message).toContain('No fleet answers');
    expect(code).toBe(4);
  });

  test('a port that is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, message } = await refusal(['up', '--port', String(port), ...data()], {
      LOG_LEVEL: 'silent',
    });
    other.close();
    expect(message).toContain(`Port ${port}`);
    expect(message).toContain('--port');
    expect(code).toBe(4);
  });

  test('a typed server that does not start', async () => {
    const dying = join(folder.path, 'dying.js');
    await writeFile(dying, 'process.exit(3);');
    const { code, message } = await refusal(['submit', 'hi', '--server', dying, ...data()]);
    expect(message).toContain('"dying"');
    expect(message).toContain('exit code 3');
    expect(code).toBe(4);
  });

  test.each([
    ['up', '--port', 'abc'],
    ['simulate', '--port', '70000'],
    ['jobs', 'list', '--limit', '0'],
    ['jobs', 'list', '--state', 'done'],
  ])('the option value of %s %s %s', async (...args) => {
    const { code, stdout, stderr } = await runCli(args);
    expect(stderr).toMatch(/^error: option .* is invalid\. \S.*\n\(fleet --help shows the commands\)\n$/);
    expect([stdout, code]).toEqual(['', 2]);
  });

  test('a store that is down at the start', async () => {
    const env = {
      STORE_URL: 'postgres://127.0.0.1:9/x',
      QUEUE_URL: 'redis://127.0.0.1:9',
      STARTUP_WAIT_MS: '300',
    };
    const { code, stderr, stdout } = await runCli(['worker'], { env });
    expect(stdout).toContain('cannot be reached');
    expect(stderr).toContain('The PostgreSQL store cannot be reached');
    expect(code).toBe(4);
  });
});

describe('a tool that does not fit', () => {
  const math = fileURLToPath(new URL('../../services/mcp-math/src/main.ts', import.meta.url));

  test('a tool that is not there', async () => {
    const { code, stdout } = await runCli([
      'tools',
      'call',
      'main__nothing',
      '{}',
      '--server',
      math,
      ...data(),
    ]);
    expect(stdout).toContain('no tool named');
    expect(code).toBe(1);
  });

  test('arguments that do not fit the schema', async () => {
    const input = '{"expression": 3}';
    const listed = await runCli(['tools', 'list', '--server', math, '--json', ...data()]);
    const name = (JSON.parse(listed.stdout).data as { name: string }[]).find((t) =>
      t.name.endsWith('__calculate'),
    );
    const { code, stdout } = await runCli([
      'tools',
      'call',
      name?.name ?? '',
      input,
      '--server',
      math,
      ...data(),
    ]);
    expect(stdout).toContain('expression');
    expect(code).toBe(1);
  });
});

describe('a server that does not work', () => {
  test.each(['exits', 'junk-only'])(
    '%s: the job says which server and why, and nothing is lost',
    async (behaviour) => {
      const path = await configFile(
        JSON.stringify({
          mcpServers: {
            broken: { command: process.execPath, args: [nasty, behaviour], startTimeoutMs: 2000 },
          },
          agents: { default: { limits: { toolRetries: 0 } } },
        }),
      );
      const { code, stdout } = await runCli(['submit', 'hi', '--wait', '--config', path, ...data()]);
      expect(stdout).toContain('broken');
      expect(code).toBe(3);
    },
  );
});

test('two fleets cannot own one folder', async () => {
  const own = ['--data', join(folder.path, 'data')];
  const up = await startFleetProcess(['up', '--port', '0', ...own], {});
  const { code, message } = await refusal(['up', '--port', '0', ...own], { LOG_LEVEL: 'silent' });
  expect(message).toContain(`process ${up.pid}`);
  expect(code).toBe(4);
  const jobs = await runCli(['jobs', 'list', ...own]);
  expect(jobs.stdout).toContain('No jobs yet');
  expect(await up.kill('SIGTERM')).toBe(0);
});

test('doctor goes on when a server file is not there', async () => {
  const { code, stdout } = await runCli(['doctor', '--server', 'none.py', ...data()]);
  expect(stdout).toMatch(/✗ server .*none\.py/);
  expect(code).toBe(4);
});

test('doctor says what is wrong and what to do', async () => {
  const env = { STORE_URL: 'postgres://127.0.0.1:9/x', QUEUE_URL: 'redis://127.0.0.1:9' };
  const { code, stdout } = await runCli(['doctor', '--json'], { env });
  const { healthy, findings } = JSON.parse(stdout) as {
    healthy: boolean;
    findings: { part: string; ok: boolean }[];
  };
  expect(healthy).toBe(false);
  expect(findings.filter((finding) => !finding.ok).map((finding) => finding.part)).toEqual([
    'store',
    'queue',
  ]);
  expect(code).toBe(4);
});
