import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { folderOwner } from '@mcp-fleet/runtime';
import { beforeEach, expect, test, vi } from 'vitest';
import { processesMentioning } from '../support/leftovers.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith, service } from '../support/services.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';
import { until } from '../support/until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Each test starts several fleets; on a busy machine one of them takes 20 s.
vi.setConfig({ testTimeout: 120_000 });

const query = 'use the slow_tool with seconds 600';

describeWith(['python'], 'Ctrl-C while a tool call is under way', () => {
  const folder = useTemporaryFolder();
  const data = () => ['--data', join(folder.path, 'data')];
  let server: string;

  beforeEach(async () => {
    server = join(folder.path, 'server.py');
    await copyFile(join(root, 'test/support/servers/server.py'), server);
  });

  const start = (...args: string[]): ChildProcess =>
    spawn(process.execPath, [join(root, 'services/cli/src/main.ts'), ...args, ...data()], {
      env: { PATH: process.env.PATH, PYTHON: join(service('python'), 'bin', 'python'), NO_COLOR: '1' },
    });

  async function interrupt(child: ChildProcess): Promise<{ code: number | null; ms: number }> {
    const begun = performance.now();
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    return { code, ms: performance.now() - begun };
  }

  const jobs = async () => {
    const { stdout } = await runCli(['jobs', 'list', '--json', ...data()]);
    return (JSON.parse(stdout) as { data: { state: string; attempts: number }[] }).data;
  };

  test('ends the chat soon, leaves no process, and the job is not taken up by a look at it', async () => {
    const chat = start('chat', server);
    chat.stdin?.write(`${query}\n`);
    let shown = '';
    chat.stdout?.on('data', (chunk) => {
      shown += chunk;
    });
    await until('the tool call', async () => shown.includes('→ server__slow_tool'));
    const { code, ms } = await interrupt(chat);
    expect(code).toBe(0);
    expect(ms).toBeLessThan(15_000);
    expect(processesMentioning(folder.path)).toEqual([]);
    const [job] = await jobs();
    expect(job).toMatchObject({ answer: null, ended_at: null });
    expect(await jobs()).toEqual([job]);
  });

  test('ends a submit with the code of the signal and leaves no process', async () => {
    const submit = start('submit', query, '--server', server);
    // Its own fleet owns the folder and answers for it; before it does, a look would start one.
    await until('the fleet', async () => folderOwner(join(folder.path, 'data'))?.url);
    await until('the tool call', async () => (await jobs())[0]?.state === 'running');
    const { code, ms } = await interrupt(submit);
    expect(code).toBe(130);
    expect(ms).toBeLessThan(15_000);
    expect(processesMentioning(folder.path)).toEqual([]);
  });
});
