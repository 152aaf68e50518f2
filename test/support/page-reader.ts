import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { FleetClient } from '@mcp-fleet/client';
import { expect } from 'vitest';
import { type Block, root } from './documentation.ts';
import { freePort } from './ports.ts';
import { service } from './services.ts';
import { createPostgresDatabase } from './topologies.ts';

const main = join(root, 'services/cli/src/main.ts');

/** Somebody who does what a page says, in a folder of their own. */
export interface PageReader {
  /** Where the fleet of the page is. */
  url: string;
  do(block: Block): Promise<void>;
  start(command: string): Promise<void>;
  leave(): Promise<void>;
}

export async function sitDown(): Promise<PageReader> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-docs-'));
  const [api, simulator] = [await freePort(), await freePort()];
  const env: Record<string, string> = {
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
    HOME: folder,
    NO_COLOR: '1',
    LOG_LEVEL: 'info',
    API_PORT: String(api),
    WORKER_PORT: '0',
    RECONCILER_PORT: '0',
  };
  await mkdir(join(folder, 'bin'));
  await symlink(join(root, 'examples'), join(folder, 'examples'));
  await symlink(join(root, 'services'), join(folder, 'services'));
  await program('npx', `shift; exec ${process.execPath} ${main} "$@"`);
  if (process.env.TEST_PYTHON_VENV) await program('python3', `exec ${service('python')}/bin/python "$@"`);
  const running: ChildProcess[] = [];
  let seen = '';
  let database: Awaited<ReturnType<typeof createPostgresDatabase>> | null = null;
  let told: Record<string, string> = {};

  return {
    url: `http://127.0.0.1:${api}`,
    start,
    async do({ page, line, language, code, note }) {
      const at = `${page}:${line}`;
      if (note?.startsWith('not run: ')) return;
      if (note?.startsWith('file: ')) return void (await writeFile(join(folder, note.slice(6)), code));
      if (note?.startsWith('needs: ')) await useServers();
      if (note === 'background') return start(code);
      if (note === 'crash') return crash(code);
      if (language === 'json') return void JSON.parse(code);
      if (language === 'mermaid') return;
      if (language === 'ts') return void (await typescript(code));
      if (language === 'python') return void (await python(code));
      const input = note?.startsWith('input: ') ? note.slice(7).replaceAll('\\n', '\n') : '';
      for (const command of code.trim().split('\n')) await run(command, at, input);
    },
    async leave() {
      await stopAll();
      await database?.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };

  async function program(name: string, text: string): Promise<void> {
    await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`);
    await chmod(join(folder, 'bin', name), 0o755);
  }

  /** The words of a page with the addresses and ids that they have here. */
  function here(code: string): string {
    const last = (prefix: string) => [...seen.matchAll(new RegExp(`\\b${prefix}_[\\w-]+`, 'g'))].at(-1)?.[0];
    const ids = {
      JOB_ID: 'job',
      SESSION_ID: 'sess',
      BATCH_ID: 'batch',
      CALL_ID: 'toolu',
      KEY_ID: 'key',
      FLEET_KEY: 'fleet',
    };
    const named = Object.entries(ids).reduce(
      (text, [word, prefix]) => text.replaceAll(word, last(prefix) ?? word),
      code,
    );
    const addressed = named.replaceAll('7717', String(api)).replaceAll('7799', String(simulator));
    return Object.entries(told).reduce((text, [written, real]) => text.replaceAll(written, real), addressed);
  }

  async function run(command: string, at: string, input: string): Promise<void> {
    const [, name, value] = /^export (\w+)=(.*)$/.exec(here(command)) ?? [];
    if (name !== undefined && value !== undefined) {
      env[name] = value;
      return;
    }
    const child = spawn('bash', ['-c', here(command)], {
      cwd: folder,
      env: command.startsWith('node ') ? { ...env, FLEET_URL: `http://127.0.0.1:${api}` } : env,
      stdio: 'pipe',
    });
    child.stdin.end(input);
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (printed += data));
    const [code] = await once(child, 'close');
    seen += printed;
    expect(code, `${at}: ${command}\n${printed}`).toBe(0);
    expect(printed, `${at}: ${command}`).not.toMatch(/"type":"error"/);
  }

  async function start(command: string): Promise<void> {
    const child = spawn(
      'bash',
      [
        '-c',
        `${here(command)
          .trim()
          .replace(/(\w+=\S+ )*npx/, '$& ')}`,
      ],
      {
        cwd: folder,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      },
    );
    running.push(child);
    let printed = '';
    const ready = Promise.withResolvers<void>();
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        printed += `${line}\n`;
        if (/ready|listens/.test(line)) ready.resolve();
      });
    }
    child.once('exit', (code) => ready.reject(new Error(`${command} ended with ${code}:\n${printed}`)));
    await ready.promise;
  }

  async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    process.kill(-(child.pid as number), signal);
    await gone;
  }

  async function stopAll(): Promise<void> {
    await Promise.all(running.splice(0).map((child) => stop(child, 'SIGTERM')));
  }

  async function useServers(): Promise<void> {
    await stopAll();
    database = await createPostgresDatabase();
    told = {
      'redis://127.0.0.1:6379': service('redis'),
      'postgres://fleet@127.0.0.1:5432/fleet': database.url,
    };
    env.QUEUE_NAME = database.url.split('/').at(-1) as string;
  }

  /** The page finds the process by its name, which here others have as well. */
  async function crash(code: string): Promise<void> {
    const [submit = '', kill = '', again = ''] = code.trim().split('\n');
    expect(kill).toBe("kill -9 $(pgrep -f 'fleet up')");
    await run(submit, 'the crash', '');
    const id = /job_[0-9a-z]+/.exec(seen.slice(seen.lastIndexOf('job_')))?.[0] as string;
    await Promise.all(running.splice(0).map((child) => stop(child, 'SIGKILL')));
    await start(again);
    const client = new FleetClient({ url: `http://127.0.0.1:${api}` });
    expect(await client.jobs.wait(id)).toMatchObject({ state: 'succeeded' });
  }

  /** From the project, where the package is. */
  async function typescript(code: string): Promise<void> {
    const args = ['--input-type=module-typescript', '--eval', here(code)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    expect(stdout).not.toBe('');
  }

  async function python(code: string): Promise<void> {
    const { stdout } = await promisify(execFile)(join(service('python'), 'bin/python'), ['-c', here(code)]);
    expect(stdout).toContain('[simulated]');
  }
}
