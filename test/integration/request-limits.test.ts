import { FleetClient } from '@mcp-fleet/client';
import { expect, test } from 'vitest';
import { startFleetProcess } from '../support/fleet-process.ts';
import { describeWith } from '../support/services.ts';
import { someTopologies } from '../support/topologies.ts';

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `requests a minute, ${name}`, () => {
    test('are counted over all apis, for each tenant', async () => {
      const topology = await open();
      const start = () => startFleetProcess(['api'], topology.env);
      const processes = await Promise.all([start(), start()]);
      try {
        const apis = processes.map(({ url }) => ({
          url,
          operator: new FleetClient({ url, maxRetries: 0 }),
        })) as [Api, Api];
        const [{ operator }] = apis;
        const limits = { requests_per_minute: 5, queued_jobs: null, running_jobs: null };
        await operator.tenants.setLimits('busy', limits);
        const [busy, calm] = [await keyOf(operator, 'busy'), await keyOf(operator, 'calm')];

        const asked = await Promise.all(
          Array.from({ length: 12 }, (_, n) => request(apis[n % 2] as Api, busy)),
        );
        const statuses = asked.map(({ status }) => status);
        expect(statuses.filter((status) => status === 200)).toHaveLength(5);
        expect(statuses.filter((status) => status === 429)).toHaveLength(7);
        for (const api of apis) {
          const refused = await request(api, busy);
          expect(refused.status).toBe(429);
          const seconds = Number(refused.headers.get('retry-after'));
          expect(seconds).toBeGreaterThan(0);
          expect(seconds).toBeLessThanOrEqual(60);
          expect((await request(api, calm)).status).toBe(200);
        }
      } finally {
        await Promise.all(processes.map((each) => each.kill('SIGKILL')));
        await topology.stop();
      }
    });
  });
}

interface Api {
  url: string;
  operator: FleetClient;
}

const keyOf = async (operator: FleetClient, tenant: string): Promise<string> =>
  (await operator.keys.create({ tenant, scopes: ['jobs:read'] })).key;

const request = ({ url }: Api, key: string): Promise<Response> =>
  fetch(`${url}/v1/jobs`, { headers: { 'x-api-key': key } });
