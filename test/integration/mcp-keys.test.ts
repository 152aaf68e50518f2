import { FleetClient } from '@mcp-fleet/client';
import type { Scope } from '@mcp-fleet/core';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith } from '../support/services.ts';
import { someTopologies, type TestTopology } from '../support/topologies.ts';

const unlimited = { requests_per_minute: null, queued_jobs: null, running_jobs: null };

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `the MCP server of a fleet with keys, ${name}`, () => {
    let topology: TestTopology;
    let api: FleetProcess;
    let operator: FleetClient;

    beforeAll(async () => {
      topology = await open();
      const env = { ...topology.env, FLEET_MODEL: 'simulated', API_KEYS: 'required' };
      const made = await runCli(['keys', 'create', '--scopes', 'all', '--json'], { env });
      api = await startFleetProcess(['api'], env);
      operator = new FleetClient({ url: api.url, apiKey: JSON.parse(made.stdout).key });
    });

    afterAll(async () => {
      await api.kill('SIGKILL');
      await topology.stop();
    });

    const newKey = async (tenant: string, ...scopes: Scope[]) =>
      (await operator.keys.create({ tenant, scopes })).key;

    /** Calls a tool in one request of its own, as a server without sessions allows. */
    const call = (tool: string, input: object, key?: string) =>
      fetch(`${api.url}/mcp`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...(key === undefined ? {} : { 'x-api-key': key }),
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: tool, arguments: input },
        }),
      });

    test('a caller without a key, with a wrong one, and with one that may not read is refused', async () => {
      const refusals = [
        [undefined, 401],
        ['sesame', 401],
        [await newKey('acme', 'sessions:read'), 403],
      ] as const;
      for (const [key, status] of refusals) {
        const response = await call('list_jobs', {}, key);
        expect(response.status).toBe(status);
        expect(await response.json()).toMatchObject({ type: 'error' });
      }
    });

    test('a key does with the tools what its scopes allow, and sees its own tenant only', async () => {
      const [reader, writer] = [
        await newKey('acme', 'jobs:read'),
        await newKey('umbrella', 'jobs:read', 'jobs:write'),
      ];
      const client = new Client({ name: 'test', version: '1' });
      const transport = new StreamableHTTPClientTransport(new URL(`${api.url}/mcp`), {
        requestInit: { headers: { authorization: `Bearer ${reader}` } },
      });
      await client.connect(transport as Transport);
      const refused = await client.callTool({ name: 'submit_job', arguments: { query: 'x' } });
      expect(refused).toMatchObject({
        isError: true,
        content: [{ text: expect.stringMatching(/^permission_denied: .*jobs:write/) }],
      });
      expect(await (await call('submit_job', { query: 'x' }, writer)).text()).toContain('job_');
      const listed = await client.callTool({ name: 'list_jobs', arguments: {} });
      expect(listed).toMatchObject({ structuredContent: { jobs: [] } });
      expect(await (await call('list_jobs', {}, writer)).text()).toContain('job_');
      await client.close();
    });

    test('a call counts once in the limit of requests, and the one over it is 429', async () => {
      const key = await newKey('counted', 'jobs:read');
      await operator.tenants.setLimits('counted', { ...unlimited, requests_per_minute: 3 });
      for (let n = 0; n < 3; n += 1) {
        const response = await call('list_jobs', {}, key);
        expect(response.status).toBe(200);
        expect(await response.text()).toContain('"jobs":[]');
      }
      const refused = await call('list_jobs', {}, key);
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      const direct = await fetch(`${api.url}/v1/jobs`, { headers: { 'x-api-key': key } });
      expect(direct.status).toBe(429);
    });
  });
}
