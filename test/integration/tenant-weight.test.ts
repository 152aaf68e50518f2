import { type Batch, noLimits } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import { append, createBatch, line } from '../contract/store/batch-fixtures.ts';
import { useFleet } from '../support/fleet-under-test.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith } from '../support/services.ts';
import { someTopologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `the weight of a tenant, ${name}`, () => {
    const fleet = useFleet(open);

    /** A batch with a hundred lines that wait. */
    async function waitingBatch(): Promise<Batch> {
      const { store } = fleet().topology;
      const batch = await createBatch(store);
      const lines = Array.from({ length: 100 }, (_, n) => line(n + 1));
      await append(store, batch, 0, lines);
      await store.finalizeBatch(batch.tenant, batch.id);
      return batch;
    }

    test('is set with its limits, and is its part in the lines that are opened', async () => {
      const { topology, start } = fleet();
      const { store } = topology;
      const batches = [await waitingBatch(), await waitingBatch()] as const;
      const [, { tenant }] = batches;
      const setLimits = async (...options: string[]) =>
        runCli(['keys', 'limits', tenant, ...options, '--json'], { env: topology.env });
      expect(JSON.parse((await setLimits()).stdout)).toMatchObject({ weight: 1 });
      expect(JSON.parse((await setLimits('--weight', '3')).stdout)).toMatchObject({ weight: 3 });
      expect(JSON.parse((await setLimits('--queued-jobs', '500')).stdout)).toMatchObject({ weight: 3 });
      expect(await store.limits(tenant)).toEqual({ ...noLimits, queuedJobs: 500, weight: 3 });
      for (const weight of ['0', '-1', '1001', 'much']) {
        expect(await setLimits('--weight', weight)).toMatchObject({
          code: 2,
          stderr: expect.stringContaining('from 0.001 to 1000'),
        });
      }

      await start('reconciler');
      const opened = await until('a round of the dispatch', async () => {
        const counts = await Promise.all(
          batches.map(async ({ tenant, id }) => (await store.batch(tenant, id))?.counts.open ?? 0),
        );
        return counts.some((count) => count > 0) && counts.reduce((a, b) => a + b) >= 64 ? counts : null;
      });
      expect(opened).toEqual([16, 48]);
    });
  });
}
