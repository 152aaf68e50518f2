import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runCli } from '../support/run-cli.ts';
import { startTestSimulator, type TestSimulator } from '../support/simulator-control.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 120_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = useTemporaryFolder();
let simulator: TestSimulator;

beforeEach(async () => {
  simulator = await startTestSimulator();
});
afterEach(() => simulator.stop());

const at = (name: string) => join(folder.path, name);
const env = () => ({ FLEET_DATA: at('data'), SIMULATOR_URL: simulator.url, FLEET_MODEL: 'simulated' });

async function queries(count: number): Promise<string> {
  const rows = Array.from({ length: count }, (_, n) => JSON.stringify({ query: `hello ${n + 1}` }));
  await writeFile(at('queries.jsonl'), `${rows.join('\n')}\n`);
  return at('queries.jsonl');
}

async function resultLines(): Promise<{ line: number; state: string }[]> {
  const text = await readFile(at('results.jsonl'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test('a run that was killed goes on where it was, and every line has one result', async () => {
  const file = await queries(30);
  const args = ['batch', 'run', file, '--out', at('results.jsonl')];
  const child = spawn(process.execPath, [join(root, 'services/cli/src/main.ts'), ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, WORKER_BATCH_CONCURRENCY: '2', ...env() },
    stdio: 'ignore',
  });
  await simulator.latency(200);
  await until('some results', async () => (await readFile(at('results.jsonl')).catch(() => '')).length > 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const before = await resultLines();
  expect(before.length).toBeLessThan(30);
  // What a process that dies in the middle of a write leaves behind.
  await writeFile(at('results.jsonl'), '{"line": 29, "sta', { flag: 'a' });
  await simulator.latency(0);
  const again = await runCli([...args, '--json'], { env: env() });
  expect(again).toMatchObject({ code: 0 });
  expect(JSON.parse(again.stdout)).toMatchObject({ state: 'ended', lines: 30, counts: { succeeded: 30 } });
  const lines = (await resultLines()).map(({ line }) => line);
  expect(lines.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
  const third = await runCli(args, { env: env() });
  expect(third).toMatchObject({ code: 0, stdout: expect.stringContaining('30 lines: 30 succeeded') });
  expect(await resultLines()).toHaveLength(30);
});

test('results that no run began, or a run of another file, are left alone', async () => {
  const file = await queries(1);
  await writeFile(at('results.jsonl'), 'mine\n');
  const args = ['batch', 'run', file, '--out', at('results.jsonl')];
  expect(await runCli(args, { env: env() })).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Name another file for the results'),
  });
  expect(await readFile(at('results.jsonl'), 'utf8')).toBe('mine\n');
});

test('a submitted batch is followed, looked at and read', async () => {
  const file = await queries(3);
  const watched = await runCli(['batch', 'submit', file, '--watch'], { env: env() });
  expect(watched).toMatchObject({ code: 0, stdout: expect.stringContaining('3 lines: 3 succeeded') });
  const id = /batch_\w+/.exec(watched.stdout)?.[0] as string;
  expect((await runCli(['batch', 'list'], { env: env() })).stdout).toMatch(new RegExp(`${id} +ended +3/3`));
  const csv = await runCli(['batch', 'results', id, '--format', 'csv'], { env: env() });
  expect(csv.stdout.split('\n')[1]).toMatch(/^1,line-1,succeeded,/);
  const replayed = await runCli(['jobs', 'replay', '--batch', id], { env: env() });
  expect(replayed.stdout).toContain(`0 lines of ${id} wait to run again`);
  expect((await runCli(['jobs', 'replay', '--batch', id, '--all'], { env: env() })).code).toBe(2);
  const estimate = await runCli(['batch', 'estimate', file], { env: env() });
  expect(estimate.stdout).toMatch(/^3 lines: \d+ to \d+ tokens\n\$\d.*\(simulated\)\n$/);
  await writeFile(file, '{"query": 1}\n');
  expect((await runCli(['batch', 'estimate', file], { env: env() })).stderr).toContain('line 1: query');
  const refused = await runCli(['batch', 'submit', file], { env: env() });
  expect(refused).toMatchObject({ stderr: expect.stringContaining('line 1: query') });
  expect(refused.code).not.toBe(0);
});
