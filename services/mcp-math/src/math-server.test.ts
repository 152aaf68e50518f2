import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { type McpHttp, startMcpHttp } from '@mcp-fleet/mcp-serving';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, expect, test } from 'vitest';
import { createMathServer } from './index.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function connected(): Promise<Client> {
  const [here, there] = InMemoryTransport.createLinkedPair();
  await createMathServer().connect(there);
  return connect(here);
}

async function connect(transport: Transport): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  closers.push(() => client.close());
  return client;
}

async function served(): Promise<McpHttp> {
  const math = await startMcpHttp(createMathServer, { port: 0 });
  closers.push(() => math.stop());
  return math;
}

async function call(client: Client, name: string, input: Record<string, unknown>): Promise<CallToolResult> {
  return (await client.callTool({ name, arguments: input })) as CallToolResult;
}

test('every tool says that it is read-only and idempotent', async () => {
  const { tools } = await (await connected()).listTools();
  expect(tools.map((tool) => tool.name).sort()).toEqual([
    'calculate',
    'compound_interest',
    'solve_for_rate',
    'statistics',
  ]);
  for (const tool of tools) {
    expect(tool.annotations).toMatchObject({ readOnlyHint: true, idempotentHint: true });
  }
});

test('compound interest is computed, in words and in numbers', async () => {
  const result = await call(await connected(), 'compound_interest', { P: 1000, r: 0.05, n: 4, t: 2 });
  expect(result.content).toEqual([{ type: 'text', text: 'Final amount after 2 years is $1,104.49' }]);
  expect(result.structuredContent?.amount).toBeCloseTo(1104.4861, 4);
});

test('the rate that was put in is found again', async () => {
  const result = await call(await connected(), 'solve_for_rate', { P: 1000, A: 1104.4861, n: 4, t: 2 });
  expect(result.structuredContent?.rate).toBeCloseTo(0.05, 6);
});

test('numbers are summarised', async () => {
  const result = await call(await connected(), 'statistics', { numbers: [4, 1, 3, 2] });
  expect(result.structuredContent).toMatchObject({
    count: 4,
    sum: 10,
    mean: 2.5,
    median: 2.5,
    min: 1,
    max: 4,
  });
  expect(result.structuredContent?.stddev).toBeCloseTo(1.29099, 4);
  const odd = await call(await connected(), 'statistics', { numbers: [9, 1, 5] });
  expect(odd.structuredContent).toMatchObject({ median: 5 });
  const single = await call(await connected(), 'statistics', { numbers: [7] });
  expect(single.structuredContent).toMatchObject({ median: 7, stddev: 0 });
});

test('bad input is an error result with a sentence', async () => {
  const client = await connected();
  const division = await call(client, 'calculate', { expression: '1 / (2 - 2)' });
  expect(division).toMatchObject({ isError: true, content: [{ text: 'The expression divides by zero.' }] });
  const negative = await call(client, 'compound_interest', { P: -1, r: 0.05, n: 4, t: 2 });
  expect(negative.isError).toBe(true);
  expect(JSON.stringify(negative.content)).toContain('P');
  const huge = await call(client, 'compound_interest', { P: 1e15, r: 100, n: 366, t: 1000 });
  expect(huge).toMatchObject({
    isError: true,
    content: [{ text: 'The amount is too large to be expressed as a number.' }],
  });
});

test('it serves Streamable HTTP without sessions', async () => {
  const math = await served();
  const transport = new StreamableHTTPClientTransport(new URL(math.url));
  const client = await connect(transport as Transport);
  const result = await call(client, 'calculate', { expression: '(1 + 0.05/4)^8 * 1000' });
  expect(result.structuredContent?.value).toBeCloseTo(1104.4861, 4);
  expect(transport.sessionId).toBeUndefined();
});

test('it answers liveness, and refuses other paths, methods and host names', async () => {
  const math = await served();
  const health = await fetch(new URL('/healthz', math.url));
  expect([health.status, await health.json()]).toEqual([200, { status: 'ok' }]);
  expect((await fetch(new URL('/other', math.url))).status).toBe(404);
  expect((await fetch(math.url)).status).toBe(405);
  const foreign = get(new URL('/healthz', math.url), { headers: { host: 'evil.example' } });
  const [response] = (await once(foreign, 'response')) as [IncomingMessage];
  expect(response.resume().statusCode).toBe(403);
});
