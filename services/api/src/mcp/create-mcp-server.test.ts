import { FleetClient } from '@mcp-fleet/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { afterEach, expect, test } from 'vitest';
import { createMcpServer } from './create-mcp-server.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An MCP client of a server whose fleet is this `fetch`. */
async function connected(fleet: typeof fetch): Promise<Client> {
  const [here, there] = InMemoryTransport.createLinkedPair();
  await createMcpServer(new FleetClient({ url: 'http://fleet', fetch: fleet })).connect(there);
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(here);
  closers.push(() => client.close());
  return client;
}

const noFleet: typeof fetch = async () => {
  throw new TypeError('connection refused');
};

test('each tool says what it does to its surroundings', async () => {
  const { tools } = await (await connected(noFleet)).listTools();
  const readOnly = tools.filter((tool) => tool.annotations?.readOnlyHint === true);
  expect(readOnly.map((tool) => tool.name).sort()).toEqual([
    'get_job',
    'list_jobs',
    'list_sessions',
    'session_messages',
    'wait_for_job',
  ]);
  const writing = tools.filter((tool) => !readOnly.includes(tool));
  expect(
    Object.fromEntries(
      writing.map(({ name, annotations: a }) => [name, [a?.destructiveHint, a?.idempotentHint]]),
    ),
  ).toEqual({ submit_job: [true, false], cancel_job: [true, true], create_session: [false, false] });
  for (const tool of tools) {
    expect(tool.description?.length, tool.name).toBeGreaterThan(50);
    expect(tool.outputSchema, tool.name).toBeDefined();
    for (const [name, schema] of Object.entries(tool.inputSchema.properties ?? {})) {
      expect(schema, `${tool.name}.${name}`).toHaveProperty('description');
    }
  }
});

test('arguments that do not fit are refused before the fleet is asked', async () => {
  let asked = 0;
  const client = await connected(async () => {
    asked += 1;
    return new Response('{}');
  });
  for (const [name, input] of [
    ['submit_job', { query: '' }],
    ['submit_job', { query: 'x', wait: 61 }],
    ['get_job', {}],
    ['list_jobs', { limit: 0 }],
  ] as const) {
    expect(await client.callTool({ name, arguments: input })).toMatchObject({ isError: true });
  }
  expect(asked).toBe(0);
});

test('a fleet that does not answer is an error result', async () => {
  const client = await connected(noFleet);
  expect(await client.callTool({ name: 'list_jobs' })).toMatchObject({
    isError: true,
    _meta: { 'fleet/error': { type: 'fleet_unreachable' } },
  });
});

test('a call that is canceled ends its request to the fleet and asks nothing more of it', async () => {
  const asked: string[] = [];
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const { promise: pending, resolve: begin } = Promise.withResolvers<void>();
  const client = await connected(async (input, init) => {
    asked.push(`${init?.method} ${input}`);
    if (asked.length === 1) return Response.json({ id: 'job_1', state: 'running', ended_at: null });
    begin();
    return new Promise((_, reject) => {
      init?.signal?.addEventListener('abort', () => {
        reject(init.signal?.reason);
        end();
      });
    });
  });
  const gaveUp = new AbortController();
  const call = client.callTool({ name: 'wait_for_job', arguments: { job_id: 'job_1' } }, undefined, {
    signal: gaveUp.signal,
  });
  await pending;
  gaveUp.abort('enough');
  await expect(call).rejects.toThrow('enough');
  await ended;
  // Whatever the server still did about it would come before its answer to this.
  await client.ping();
  expect(asked).toEqual(['GET http://fleet/v1/jobs/job_1', 'GET http://fleet/v1/jobs/job_1?wait=30']);
});
