import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { processesMentioning } from '../support/leftovers.ts';
import { npmServer } from '../support/npm-server.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith, service } from '../support/services.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';

const folder = useTemporaryFolder();
const pythonServer = fileURLToPath(new URL('../support/servers/server.py', import.meta.url));

const data = () => ['--data', join(folder.path, 'data')];

describe('fleet chat with a JavaScript server', () => {
  test('lists tools, answers in a loop, shows calls and results, saves them, ends with quit', async () => {
    const results = join(folder.path, 'results');
    const server = npmServer('server-everything');
    const input = 'use the echo tool with message "hello fleet"\nquit\n';
    const { code, stdout } = await runCli(['chat', server, '--save-results', results, ...data()], { input });
    expect(code).toBe(0);
    expect(stdout).toMatch(/Tools:.*__echo/);
    expect(stdout).toMatch(/→ \S+__echo \{"message":"hello fleet"\}/);
    expect(stdout).toContain('Echo: hello fleet');
    const [saved] = await readdir(results);
    expect(saved).toMatch(/^tool_result_.*\.txt$/);
    expect(await readFile(join(results, saved as string), 'utf8')).toContain('Echo: hello fleet');
    expect(processesMentioning(folder.path)).toEqual([]);
  });

  test('goes on with a session in a later process', async () => {
    const first = await runCli(['chat', ...data()], { input: 'my name is Ada\n' });
    const session = /--session (sess_\w+)/.exec(first.stdout)?.[1] as string;
    const second = await runCli(['chat', '--session', session, ...data()], {
      input: 'what is my name?\nquit\n',
    });
    expect(second.stdout).toContain('Ada');
  });

  test('says how to go on, with the options that lead to the same fleet', async () => {
    const { stdout } = await runCli(['chat', '--agent', 'default', ...data()], { input: 'quit\n' });
    expect(stdout).toMatch(/fleet chat --data \S+ --agent default --session sess_\w+/);
  });

  test('a query that fails does not end the conversation', async () => {
    const input = `${'x'.repeat(1_000_001)}\nmy name is Ada\nquit\n`;
    const { code, stdout } = await runCli(['chat', ...data()], { input });
    expect(stdout).toContain('at most 1000000');
    expect(stdout).toContain('Ada');
    expect(code).toBe(0);
  });
});

describe('fleet submit with a server by configuration', () => {
  test('server-filesystem reads a file', async () => {
    await writeFile(join(folder.path, 'note.txt'), 'the fleet sails at dawn');
    const filesystem = { command: process.execPath, args: [npmServer('server-filesystem'), folder.path] };
    const config = join(folder.path, 'fleet.json');
    await writeFile(config, JSON.stringify({ mcpServers: { filesystem } }));
    const query = `use the read_text_file tool with path "${join(folder.path, 'note.txt')}"`;
    const { code, stdout } = await runCli(['submit', query, '--wait', '--config', config, ...data()]);
    expect(stdout).toContain('the fleet sails at dawn');
    expect(code).toBe(0);
  });
});

describeWith(['python'], 'Python servers', () => {
  const python = () => join(service('python'), 'bin', 'python');
  const env = () => ({ PYTHON: python() });

  test('fleet chat ./server.py computes compound interest and a follow-up', async () => {
    const input = 'compound interest for P=1000, r=0.05, n=4, t=2\nand for 5 years?\n';
    const { code, stdout } = await runCli(['chat', pythonServer, ...data()], { input, env: env() });
    expect(stdout).toContain('Final amount after 2 years is $1,104.49');
    expect(stdout).toContain('Final amount after 5 years is $1,282.04');
    expect(code).toBe(0);
    expect(processesMentioning(pythonServer)).toEqual([]);
  });

  test('fleet submit --server shows the failure of a failing tool', async () => {
    const query = 'use the failing_tool';
    const { stdout, code } = await runCli(['submit', query, '--server', pythonServer, ...data()], {
      env: env(),
    });
    expect(stdout).toMatch(/failing_tool failed/);
    expect(code).toBe(0);
  });

  test('mcp-server-time tells the time of a place', async () => {
    const config = join(folder.path, 'fleet.json');
    const time = { command: python(), args: ['-m', 'mcp_server_time', '--local-timezone', 'UTC'] };
    await writeFile(config, JSON.stringify({ mcpServers: { time } }));
    const query = 'use the get_current_time tool with timezone "Europe/Berlin"';
    const { stdout, code } = await runCli(['submit', query, '--wait', '--config', config, ...data()]);
    expect(stdout).toContain('Europe/Berlin');
    expect(code).toBe(0);
  });
});
