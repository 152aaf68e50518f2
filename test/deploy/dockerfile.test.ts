import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { useTemporaryFolder } from '../support/temporary-folder.ts';
import { root } from './tools.ts';

const run = promisify(execFile);
const folder = useTemporaryFolder();

interface Instruction {
  name: string;
  args: string[];
}

function instructions(): Instruction[] {
  const text = readFileSync(join(root, 'Dockerfile'), 'utf8');
  return text.split('\n').flatMap((line) => {
    const [name = '', ...args] = line.split(/\s+/);
    return /^[A-Z]+$/.test(name) ? [{ name, args }] : [];
  });
}

/** Entries that `.dockerignore` keeps out. */
const ignored = (path: string) => /(^|\/)node_modules(\/|$)|\.test\.ts$|^\/?services\/api\/public/.test(path);

test('the steps of the Dockerfile, in empty folders, make an installation in which every service runs', async () => {
  const stages: string[] = [];
  const named = new Map<string, string>();
  const all = instructions();
  for (const { name, args } of all) {
    const stage = stages.at(-1) ?? '';
    if (name === 'FROM') {
      stages.push(join(folder.path, `stage-${stages.length}`));
      mkdirSync(stages.at(-1) as string);
      if (args[1] === 'AS') named.set(args[2] as string, stages.at(-1) as string);
    } else if (name === 'COPY' && args[0]?.startsWith('--from=')) {
      const [from = '', source = '', target = ''] = args;
      const origin = join(named.get(from.slice('--from='.length)) ?? '', source.replace('/fleet', ''));
      cpSync(origin, join(stage, target), { recursive: true, verbatimSymlinks: true });
    } else if (name === 'COPY') {
      for (const source of args.slice(0, -1)) {
        const target = join(
          stage,
          args.length > 2 || source.includes('.') ? source : (args.at(-1) as string),
        );
        mkdirSync(dirname(target), { recursive: true });
        cpSync(join(root, source), target, {
          recursive: true,
          filter: (path) => !ignored(path.slice(root.length)),
        });
      }
    } else if (name === 'RUN') {
      await run('sh', ['-c', args.join(' ')], { cwd: stage, env: cleanEnvironment() });
    }
  }
  const image = stages.at(-1) as string;
  const entrypoint = JSON.parse(
    all.find(({ name }) => name === 'ENTRYPOINT')?.args.join(' ') ?? '[]',
  ) as string[];
  expect(entrypoint[0]).toBe('node');
  const [, main = ''] = entrypoint;
  expect((await node(image, [main, '--help'])).stdout).toContain('reconciler');
  for (const server of ['mcp-math', 'mcp-clock'])
    expect((await node(image, [`services/${server}/src/main.ts`, '--help'])).stdout).toContain('--http');
  const up = await started(image, [main, 'up', '--port', '0', '--data', join(folder.path, 'data')]);
  const answer = await fetch(`${up.url}/readyz`);
  expect(answer.status).toBe(200);
  expect(await (await fetch(`${up.url}/dashboard/`)).text()).toContain('<script type="module"');
  expect(await up.stop()).toBe(0);
  const simulator = await started(image, [
    'services/simulator/src/main.ts',
    '--host',
    '127.0.0.1',
    '--port',
    '0',
  ]);
  expect((await fetch(`${simulator.url}/healthz`)).status).toBe(200);
  await simulator.stop();
}, 300_000);

/** Nothing of the test's own installation is found by a process of the image. */
function cleanEnvironment(): Record<string, string> {
  const path = (process.env.PATH ?? '').split(':').filter((each) => !each.startsWith(root));
  return {
    PATH: path.join(':'),
    HOME: folder.path,
    NO_COLOR: '1',
    npm_config_cache: process.env.npm_config_cache ?? '',
    // What this installation was made of is there already.
    npm_config_prefer_offline: 'true',
  };
}

const node = (cwd: string, args: string[]) => run(process.execPath, args, { cwd, env: cleanEnvironment() });

async function started(cwd: string, args: string[]) {
  const child: ChildProcess = spawn(process.execPath, args, { cwd, env: cleanEnvironment() });
  let log = '';
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        log += `${line}\n`;
        const found = /(?:ready).*?(http:\/\/127\.0\.0\.1:\d+)/.exec(line);
        if (found) resolve(found[1] as string);
      });
    }
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}:\n${log}`)));
  });
  const stop = async () => {
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = await exited;
    return code as number | null;
  };
  return { url, stop };
}
