import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { mcpRoutes } from './mcp.ts';

const closers: (() => Promise<unknown>)[] = [];
let app: FastifyInstance;
let url: string;

beforeEach(async () => {
  app = Fastify({ forceCloseConnections: true, trustProxy: true });
  mcpRoutes(app);
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await app.close();
});

const listen = async () => {
  url = `${await app.listen({ host: '127.0.0.1', port: 0 })}/mcp`;
};

async function connected(headers: Record<string, string> = {}): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport as Transport);
  closers.push(() => client.close());
  return client;
}

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

const post = (headers: Record<string, string>, message: unknown = initialize) =>
  fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
    body: JSON.stringify(message),
  });

test('the fleet is asked as the caller: with its credentials and from its address', async () => {
  const address = '203.0.113.9';
  const seen: unknown[] = [];
  app.get('/v1/jobs', async ({ headers, ip }) => {
    seen.push([headers['x-api-key'], headers.authorization, headers['x-other'], ip]);
    return { data: [], has_more: false, first_id: null, last_id: null };
  });
  await listen();
  for (const headers of [{ 'x-api-key': 'one' }, { authorization: 'Bearer two', 'x-other': '3' }, {}]) {
    const client = await connected({ ...headers, 'x-forwarded-for': address });
    expect(await client.callTool({ name: 'list_jobs' })).toMatchObject({ structuredContent: { jobs: [] } });
  }
  expect(seen).toEqual([
    ['one', undefined, undefined, address],
    [undefined, 'Bearer two', undefined, address],
    [undefined, undefined, undefined, address],
  ]);
});

test('what the api refuses to the caller is refused as a result', async () => {
  app.post('/v1/jobs/:id/cancel', async (_, reply) =>
    reply.code(401).send({
      type: 'error',
      error: { type: 'authentication_error', code: 'unauthenticated', message: 'Send a key.' },
    }),
  );
  await listen();
  const result = await (await connected()).callTool({ name: 'cancel_job', arguments: { job_id: 'job_1' } });
  expect(result).toMatchObject({ isError: true, content: [{ text: 'unauthenticated: Send a key.' }] });
});

test('a caller that goes away ends what was asked of the fleet for it', async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  app.get('/v1/jobs/:id', async (request) => {
    ask();
    await new Promise<void>((resolve) => request.raw.once('close', resolve));
    close();
    return {};
  });
  await listen();
  const client = await connected();
  const call = client.callTool({ name: 'wait_for_job', arguments: { job_id: 'job_1' } });
  const failed = expect(call).rejects.toThrow('Connection closed');
  await asked;
  await client.close();
  await failed;
  await closed;
});

test('it has no stream and no session of its own to get or delete', async () => {
  await listen();
  for (const method of ['GET', 'DELETE']) {
    const response = await fetch(url, { method, headers: { accept: 'text/event-stream' } });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await response.json()).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: { code: -32000, message: 'This server keeps no sessions: use POST.' },
    });
  }
});

test('a batch of messages is refused', async () => {
  await listen();
  const response = await post({}, [initialize, initialize]);
  expect(response.status).toBe(400);
  expect((await response.json()).error.message).toContain('one message in a request');
});

test('a page of another origin is refused, whatever it asks', async () => {
  await listen();
  for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1']) {
    const response = await post({ origin });
    expect([origin, response.status]).toEqual([origin, 403]);
    expect(await response.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32000 } });
    expect((await fetch(url, { headers: { origin } })).status).toBe(403);
  }
  const own = await post({ origin: new URL(url).origin });
  expect([own.status, own.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  expect(own.headers.get('mcp-session-id')).toBeNull();
  expect(await own.text()).toContain('"serverInfo":{"name":"mcp-fleet"');
});
