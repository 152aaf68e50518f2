import { expect, test } from 'vitest';
import { listTools } from './list-tools.ts';
import { serverConfig } from './server-config.ts';
import { catalog } from './tool-catalog.ts';
import { canonicalJson, toToolset } from './toolset.ts';

const inputSchema = { type: 'object' as const };
const listed = [
  { name: 'write', inputSchema },
  { name: 'read', inputSchema, annotations: { readOnlyHint: true, idempotentHint: true } },
  { name: 'put', title: 'Puts', inputSchema, annotations: { idempotentHint: true } },
];

function safeties(more: Record<string, unknown>) {
  const config = serverConfig.parse({ command: 'x', ...more });
  return catalog('s', config, listed).map(({ tool, definition }) => [tool, definition.safety]);
}

test("annotations count only for a trusted server, and the operator's word before them", () => {
  expect(safeties({})).toEqual([
    ['put', 'unsafe'],
    ['read', 'unsafe'],
    ['write', 'unsafe'],
  ]);
  expect(safeties({ trusted: true })).toEqual([
    ['put', 'idempotent'],
    ['read', 'read_only'],
    ['write', 'unsafe'],
  ]);
  expect(
    safeties({ trusted: true, tools: { read: { safety: 'unsafe' }, write: { safety: 'read_only' } } }),
  ).toEqual([
    ['put', 'idempotent'],
    ['read', 'unsafe'],
    ['write', 'read_only'],
  ]);
});

test('the operator may hide a tool, and limit and settle others', () => {
  const tools = { write: { enabled: false }, put: { timeoutMs: 7, unknownOutcome: 'fail' } };
  const config = serverConfig.parse({ command: 'x', timeoutMs: 9, tools });
  expect(catalog('s', config, listed)).toMatchObject([
    {
      tool: 'put',
      timeoutMs: 7,
      definition: { name: 's__put', description: 'Puts', unknownOutcome: 'fail' },
    },
    { tool: 'read', timeoutMs: 9 },
  ]);
});

test('approval is needed as the operator says; by `destructive` only for what is unsafe', () => {
  const needing = (approval: string, more: Record<string, unknown> = {}) => {
    const tools = { put: { approval, ...more }, read: { approval }, write: { approval } };
    return [false, true].map((trusted) =>
      catalog('s', serverConfig.parse({ command: 'x', trusted, tools }), listed)
        .filter(({ definition }) => definition.approval)
        .map(({ tool }) => tool),
    );
  };
  expect(needing('never')).toEqual([[], []]);
  expect(needing('always')).toEqual([
    ['put', 'read', 'write'],
    ['put', 'read', 'write'],
  ]);
  expect(needing('destructive')).toEqual([['put', 'read', 'write'], ['write']]);
  expect(needing('destructive', { safety: 'read_only' })).toEqual([['read', 'write'], ['write']]);
  const tools = {
    put: { approval: 'always', approvalExpiresMs: 60_000 },
    write: { approvalExpiresMs: 1000 },
  };
  const config = serverConfig.parse({ command: 'x', tools });
  const [put, read, write] = catalog('s', config, listed);
  expect(put?.definition).toMatchObject({ approval: true, approvalExpiresMs: 60_000 });
  for (const tool of [read, write])
    expect(Object.keys(tool?.definition ?? {})).not.toContain('approvalExpiresMs');
  expect(() => serverConfig.parse({ command: 'x', tools: { put: { approval: 'sometimes' } } })).toThrow();
});

test('a digest does not depend on the order of keys, but on everything else', () => {
  const tool = {
    name: 'a',
    description: '',
    inputSchema: { type: 'object', title: 't' },
    safety: 'unsafe',
  } as const;
  const turned = {
    safety: 'unsafe',
    inputSchema: { title: 't', type: 'object' },
    description: '',
    name: 'a',
  } as const;
  expect(toToolset([tool]).hash).toBe(toToolset([turned]).hash);
  expect(toToolset([tool]).hash).toMatch(/^[0-9a-f]{64}$/);
  expect(toToolset([{ ...tool, safety: 'idempotent' }]).hash).not.toBe(toToolset([tool]).hash);
  expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
});

test('a list is read page by page, without what is no tool, and ends when a cursor comes again', async () => {
  const cursors: (string | undefined)[] = [];
  const tools = await listTools(async ({ params }) => {
    cursors.push(params.cursor);
    return {
      tools: [{ name: `t${cursors.length}`, inputSchema }, { name: 't1', inputSchema }, 5],
      nextCursor: 'c',
    };
  });
  expect(tools.map(({ name }) => name)).toEqual(['t1', 't2']);
  expect(cursors).toEqual([undefined, 'c']);
});
