import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';

let folder: string;
let fleet: FleetProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleet-api-'));
  fleet = await startFleetProcess(['up', '--port', '0', '--data', join(folder, 'data')], {
    FLEET_MODEL: 'simulated',
  });
});

afterAll(async () => {
  expect(await fleet.kill('SIGTERM')).toBe(0);
  await rm(folder, { recursive: true, force: true });
});

interface Refusal {
  status: number;
  type: string;
  code: string;
  message: string;
}

/** Makes a request that is to be refused, and checks the form of the refusal. */
async function refusal(path: string, init: RequestInit = {}): Promise<Refusal> {
  const response = await fetch(`${fleet.url}${path}`, init);
  const body = await response.json();
  expect(body).toEqual({
    type: 'error',
    error: { type: expect.any(String), code: expect.any(String), message: expect.any(String) },
    request_id: response.headers.get('request-id'),
  });
  expect(body.request_id).toMatch(/^req_/);
  return { status: response.status, ...body.error };
}

const refusedText = (body: string, type = 'application/json') =>
  refusal('/v1/jobs', { method: 'POST', headers: { 'content-type': type }, body });
const refused = (body: unknown) => refusedText(JSON.stringify(body));

test.each([
  ['job', '/v1/jobs/job_none', 'job_not_found', 'There is no job job_none.'],
  ['job, for its steps', '/v1/jobs/job_none/steps', 'job_not_found', 'There is no job job_none.'],
  ['job, for its events', '/v1/jobs/job_none/events', 'job_not_found', 'There is no job job_none.'],
  ['session', '/v1/sessions/sess_none', 'session_not_found', 'There is no session sess_none.'],
  [
    'session, for its messages',
    '/v1/sessions/sess_none/messages',
    'session_not_found',
    'There is no session sess_none.',
  ],
  ['route', '/v1/nothing', 'not_found', 'There is nothing at GET /v1/nothing.'],
])('an unknown %s is 404', async (_what, path, code, message) => {
  expect(await refusal(path)).toEqual({ status: 404, type: 'not_found_error', code, message });
});

test('a query for an unknown session is 404', async () => {
  expect(await refused({ query: 'hello', session_id: 'sess_none' })).toMatchObject({
    status: 404,
    code: 'session_not_found',
    message: expect.stringContaining('sess_none'),
  });
});

test('a body that is no JSON is 400', async () => {
  expect(await refusedText('{"query": ')).toMatchObject({
    status: 400,
    code: 'invalid_request',
    message: expect.stringContaining('JSON'),
  });
});

test('a body of another content type is refused and says which is expected', async () => {
  expect(await refusedText('query=hello', 'application/x-www-form-urlencoded')).toMatchObject({
    status: 415,
    code: 'unsupported_media_type',
    message: expect.stringMatching(/x-www-form-urlencoded.*application\/json/),
  });
});

test('an unknown key is 400 and is named', async () => {
  expect(await refused({ query: 'hello', sesion_id: 'x' })).toMatchObject({
    status: 400,
    code: 'invalid_request',
    message: expect.stringContaining('"sesion_id"'),
  });
});

test.each([
  ['a missing query', {}],
  ['an empty query', { query: '' }],
  ['a query of blanks', { query: ' \n ' }],
  ['a query without blocks', { query: [] }],
  ['a block without text', { query: [{ type: 'text', text: ' ' }] }],
])('%s is 400', async (_what, body) => {
  expect(await refused(body)).toMatchObject({
    status: 400,
    code: 'invalid_request',
    message: expect.stringContaining('query'),
  });
});

test.each([
  ['a path', '/v1/jobs/%00', undefined],
  ['a page', '/v1/jobs?after_id=a%00', undefined],
  ['a webhook', '/v1/webhooks', { url: 'https://example.com/\0' }],
  ['a description', '/v1/webhooks', { url: 'https://example.com/', description: '\0' }],
  ["a job's webhook", '/v1/jobs', { query: 'hello', webhook: { url: 'https://example.com/\0' } }],
])('a NUL character in %s is 400', async (_what, path, body) => {
  const headers = { 'content-type': 'application/json' };
  const init = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
  expect(await refusal(path, init)).toMatchObject({
    status: 400,
    message: expect.stringMatching(/without NUL|printable ASCII/),
  });
});

test('a query over the limit is 413 and says the limit', async () => {
  expect(await refused({ query: 'x'.repeat(1_000_001) })).toMatchObject({
    status: 413,
    code: 'query_too_large',
    message: expect.stringContaining('1000000'),
  });
});

test('a body over the limit is 413 before any of it is sent', async () => {
  const headers = { 'content-type': 'application/json', 'content-length': '9000000' };
  const asked = request(`${fleet.url}/v1/jobs`, { method: 'POST', headers });
  asked.on('error', () => undefined);
  asked.flushHeaders();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(413);
  expect(JSON.parse(await text(response)).error.code).toBe('query_too_large');
  asked.destroy();
});

test('an unknown agent is 404 and the known ones are named', async () => {
  expect(await refused({ query: 'hello', agent: 'nobody' })).toMatchObject({
    status: 404,
    code: 'not_found',
    message: expect.stringMatching(/"nobody".*default/),
  });
});

test.each(['limit=0', 'limit=many', 'state=done'])('the list option %s is 400', async (query) => {
  expect(await refusal(`/v1/jobs?${query}`)).toMatchObject({
    status: 400,
    code: 'invalid_request',
    message: expect.stringContaining(query.split('=')[0] as string),
  });
});

test.each([
  ['arrays in a query', '/v1/jobs', '{"query":', 'POST'],
  ['objects in the arguments of a tool', '/v1/tools/call', '{"name":"a__b","input":', 'POST'],
  ['arrays in the thinking of an agent', '/v1/agents/deep', '{"thinking":', 'PUT'],
  ['a message to the MCP server', '/mcp', '{"jsonrpc":"2.0","id":1,"method":"ping","params":', 'POST'],
])('%s that are 100,000 deep are 400 and the fleet goes on', async (_what, path, before, method) => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    const body = `${before}${open.repeat(100_000)}1${close.repeat(100_000)}}`;
    const headers = { 'content-type': 'application/json' };
    expect(await refusal(path, { method, headers, body })).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: expect.stringContaining('100 deep'),
    });
  }
  expect((await fetch(`${fleet.url}/v1/jobs`)).status).toBe(200);
});

test('lists and maps that are too long are 400 and name the limit', async () => {
  const many = (count: number) => Array.from({ length: count }, (_, n) => `tool_${n}`);
  const metadata = Object.fromEntries(many(65).map((name) => [name, '']));
  expect(await refused({ query: 'hello', metadata })).toMatchObject({
    status: 400,
    message: expect.stringMatching(/metadata.*64/),
  });
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ tools: many(1_001) });
  expect(await refusal('/v1/agents/many', { method: 'PUT', headers, body })).toMatchObject({
    status: 400,
    message: expect.stringMatching(/tools.*1000/),
  });
});
