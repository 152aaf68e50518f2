import { FleetClient } from '@mcp-fleet/client';
import { expect, test } from 'vitest';
import { useFleet } from '../support/fleet-under-test.ts';
import { describeWith } from '../support/services.ts';
import { saysDone } from '../support/simulator-control.ts';
import { topologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

for (const { name, needs, open } of topologies) {
  describeWith(needs, `the overview, ${name}`, () => {
    const fleet = useFleet(open);

    async function started() {
      const [api, worker] = await Promise.all([
        fleet().start('api'),
        fleet().start('worker', { WORKER_CONCURRENCY: '3', WORKER_BATCH_CONCURRENCY: '2' }),
      ]);
      return { client: new FleetClient({ url: api?.url ?? '' }), worker };
    }

    test('it counts what jobs came to, and the workers say how they and their servers do', async () => {
      const { client } = await started();
      const id = await fleet().submit([saysDone('yes')]);
      await fleet().ended(id);
      const overview = await client.overview({ seconds: 600 });
      expect(overview).toMatchObject({
        complete: true,
        queued: 0,
        running: 0,
        workers: { count: 1, places: 5 },
        totals: { accepted: 1, succeeded: 1, failed: 0 },
        errors: [],
      });
      expect(overview.totals.duration_ms?.p50).toBeGreaterThan(0);
      expect(overview.periods).toHaveLength(60);
      expect(overview.periods.reduce((sum, period) => sum + period.succeeded, 0)).toBe(1);
      const [worker] = await client.workers();
      expect(worker).toMatchObject({
        places: 5,
        draining: false,
        servers: [{ name: 'counting', state: 'ready', tools: 2, restarts: 0 }],
      });
    });

    test('a worker that was there before is found, and one that stops is gone at once', async () => {
      const { client, worker } = await started();
      expect(await client.workers()).toHaveLength(1);
      const second = await fleet().start('worker');
      await until('the second worker', async () => (await client.workers()).length === 2);
      await worker?.kill('SIGTERM');
      expect(await client.workers()).toHaveLength(1);
      await second.kill('SIGTERM');
      expect(await client.workers()).toEqual([]);
    });
  });
}
