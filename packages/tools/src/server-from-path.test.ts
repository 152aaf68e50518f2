import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serverFromPath } from './server-from-path.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleet-path-'));
  for (const name of ['server.py', 'My Server__v2!.ts', 'tool.mjs', '___.js', 'readme.md']) {
    writeFileSync(join(folder, name), '');
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

test('Python runs by $PYTHON, else by a .venv beside the script, else by python3', () => {
  const path = join(folder, 'server.py');
  expect(serverFromPath(path, {})).toMatchObject({
    name: 'server',
    config: { command: 'python3', args: [path] },
  });
  mkdirSync(join(folder, '.venv/bin'), { recursive: true });
  writeFileSync(join(folder, '.venv/bin/python'), '');
  expect(serverFromPath(path, {}).config).toMatchObject({ command: join(folder, '.venv/bin/python') });
  expect(serverFromPath(path, { PYTHON: '/opt/python' }).config).toMatchObject({ command: '/opt/python' });
});

test.each([
  ['tool.mjs', 'tool'],
  ['My Server__v2!.ts', 'My-Server_v2'],
  ['___.js', 'server'],
])('%s runs by this Node.js as "%s"', (file, name) => {
  const found = serverFromPath(join(folder, file), {});
  expect(found).toMatchObject({ name, config: { kind: 'stdio', command: process.execPath, trusted: false } });
});

test('a missing file and a foreign ending are refused with the remedy', () => {
  expect(() => serverFromPath(join(folder, 'none.py'), {})).toThrow(
    expect.objectContaining({ code: 'unknown_server', message: expect.stringContaining('Check the path') }),
  );
  expect(() => serverFromPath(join(folder, 'readme.md'), {})).toThrow(
    expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining('.py') }),
  );
});
