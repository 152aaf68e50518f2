// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the configuration's own syntax
import { FleetError } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import { parseServersConfig } from './config.ts';

function parse(mcpServers: unknown, env: Record<string, string> = {}) {
  return parseServersConfig(JSON.stringify({ mcpServers }), 'fleet.json', env);
}

function refusal(text: string, env: Record<string, string> = {}): FleetError {
  try {
    parseServersConfig(text, 'fleet.json', env);
  } catch (error) {
    if (error instanceof FleetError) return error;
  }
  throw new Error('The text was not refused.');
}

test('both kinds of server get every default, and keys of other clients are ignored', () => {
  const defaults = {
    trusted: false,
    tools: {},
    timeoutMs: undefined,
    startTimeoutMs: 30_000,
    connections: 1,
  };
  const servers = parse({
    time: {
      type: 'stdio',
      command: 'uvx',
      args: ['mcp-server-time', 1],
      env: { DEBUG: true },
      autoApprove: [],
    },
    docs: {
      type: 'streamable-http',
      url: 'https://docs.example/mcp',
      headers: { Authorization: 'Bearer x' },
    },
    off: { command: '${NOT_SET}', disabled: true },
  });
  expect(servers).toEqual({
    time: {
      kind: 'stdio',
      command: 'uvx',
      args: ['mcp-server-time', '1'],
      env: { DEBUG: 'true' },
      cwd: undefined,
      ...defaults,
    },
    docs: {
      kind: 'http',
      url: 'https://docs.example/mcp',
      headers: { Authorization: 'Bearer x' },
      ...defaults,
    },
  });
});

test("the fleet's own keys are read", () => {
  const tools = {
    pay: {
      safety: 'idempotent',
      unknownOutcome: 'retry',
      approval: 'destructive',
      approvalExpiresMs: 60_000,
      timeoutMs: 5000,
    },
    wipe: { enabled: false },
  };
  const { bank } = parse({
    bank: { command: 'bank', trusted: true, connections: 3, timeoutMs: 9000, tools },
  });
  expect(bank).toMatchObject({ trusted: true, connections: 3, timeoutMs: 9000 });
  expect(bank?.tools).toEqual({
    pay: { ...tools.pay, enabled: true },
    wipe: { enabled: false, approval: 'never' },
  });
});

test('variables are expanded, with defaults, in every place that may hold a secret or a path', () => {
  const servers = parse(
    {
      a: {
        command: '${HOME}/bin/a',
        args: ['--key=${KEY}', '${EMPTY:-none}'],
        env: { KEY: '${KEY}', COST: '$5' },
      },
      b: { url: 'https://${HOST:-localhost}/mcp', headers: { Authorization: 'Bearer ${KEY}' } },
    },
    { HOME: '/home/me', KEY: 'k1', EMPTY: '' },
  );
  expect(servers.a).toMatchObject({
    command: '/home/me/bin/a',
    args: ['--key=k1', 'none'],
    env: { KEY: 'k1', COST: '$5' },
  });
  expect(servers.b).toMatchObject({ url: 'https://localhost/mcp', headers: { Authorization: 'Bearer k1' } });
});

test.each([
  ['{"mcpServers": {"a": {"command": cat}}}', 'fleet.json:1:34: expected JSON, but found "cat}}}"'],
  ['{\n  "mcpServers": {\n    "a": {},\n  }\n}', 'fleet.json:4:3: expected JSON, but found "}"'],
  ['{"mcpServers": {', 'fleet.json:1:17: expected JSON, but found the end of the file'],
  ['', 'fleet.json:1:1: expected JSON, but found the end of the file'],
  ['// servers\n{}', 'fleet.json:1:1: expected JSON, but found "// servers"'],
  ['{} {}', 'fleet.json:1:4: expected JSON, but found "{}"'],
])('a syntax error is located: %s', (text, message) => {
  expect(refusal(text)).toMatchObject({ code: 'invalid_config', message: expect.stringContaining(message) });
});

test.each([
  [{ a: {} }, 'mcpServers.a: expected either "command"'],
  [{ a: { command: 'x', url: 'http://x' } }, 'mcpServers.a: expected either "command"'],
  [{ a: { command: 5 } }, 'mcpServers.a.command: '],
  [{ a: { command: 'x', args: 'y' } }, 'mcpServers.a.args: '],
  [{ a: { url: 'ftp://x' } }, 'mcpServers.a.url: expected an http:// or https:// URL'],
  [{ a: { type: 'http', command: 'x' } }, 'mcpServers.a.type: "http" needs "url"'],
  [{ a: { type: 'sse', url: 'http://x' } }, 'mcpServers.a.type: HTTP+SSE was replaced'],
  [{ a: { type: 'carrier-pigeon', url: 'http://x' } }, 'mcpServers.a.type: expected "stdio" or "http"'],
  [{ a: { command: 'x', tools: { t: { safety: 'harmless' } } } }, 'mcpServers.a.tools.t.safety: '],
  [{ a: { command: 'x', tools: { t: { saftey: 'unsafe' } } } }, 'mcpServers.a.tools.t: '],
  [{ a: { command: 'x', args: ['${TOKEN}'] } }, 'mcpServers.a.args[0]: the variable TOKEN is not set'],
  [{ a: 'x' }, 'mcpServers.a: '],
  [undefined, 'mcpServers: '],
])('a misfit is named by its key path: %j', (mcpServers, message) => {
  const error = refusal(JSON.stringify({ mcpServers }));
  expect(error.code).toBe('invalid_config');
  expect(error.message).toContain(`fleet.json: ${message}`);
});
