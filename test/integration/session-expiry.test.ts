import { FleetClient } from '@mcp-fleet/client';
import { totalsOf } from '@mcp-fleet/core';
import { startReconciler } from '@mcp-fleet/reconciler';
import { createLogger, readEnvironment } from '@mcp-fleet/runtime';
import { expect, test } from 'vitest';
import { useFleet } from '../support/fleet-under-test.ts';
import { describeWith } from '../support/services.ts';
import { someTopologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const tenant = 'local';
const logger = createLogger('session-expiry.test', 'silent');

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `sessions that expire, ${name}`, () => {
    const fleet = useFleet(open);

    /** Ends a job as a worker ends it. */
    async function endJob(jobId: string): Promise<void> {
      const { store } = fleet().topology;
      const take = await store.take(jobId);
      if (take.kind !== 'taken') throw new Error(`${jobId} was not taken`);
      const { epoch, sessionId } = take.job;
      await store.settle(
        { jobId, tenant, sessionId, epoch, owner: take.owner },
        {
          state: 'succeeded',
          step: null,
          answer: 'done',
          stopReason: null,
          error: null,
          totals: totalsOf([]),
          joined: null,
        },
      );
    }

    test('the reconciler erases a session that was left alone, not a busy one or one without a time', async () => {
      const { topology } = fleet();
      const api = await fleet().start('api');
      const client = new FleetClient({ url: api.url });
      const kept = await client.sessions.create();
      const busy = await client.sessions.create({ ttl_seconds: 1 });
      const running = await client.jobs.create({ query: 'a', session_id: busy.id });
      const left = await client.sessions.create({ ttl_seconds: 1 });
      const ended = await client.jobs.create({ query: 'a', session_id: left.id });
      await endJob(ended.id);

      expect(kept).toMatchObject({ ttl_seconds: null, expires_at: null });
      expect(await client.sessions.get(busy.id)).toMatchObject({ ttl_seconds: 1, expires_at: null });
      const idle = await client.sessions.get(left.id);
      expect(Date.parse(idle.expires_at ?? '')).toBe(Date.parse(idle.updated_at) + 1_000);

      const env = { ...topology.env, RECONCILE_EVERY_MS: '200' };
      const reconciler = await startReconciler({ environment: readEnvironment(env), logger });
      try {
        const isGone = async (id: string) => (await topology.store.session(tenant, id)) === null;
        await until('the end of the session that was left alone', () => isGone(left.id));
        await expect(client.sessions.get(left.id)).rejects.toMatchObject({ status: 404 });
        await expect(client.jobs.get(ended.id)).rejects.toMatchObject({ status: 404 });
        expect(await client.sessions.get(busy.id)).toMatchObject({ active_job: running.id });
        await endJob(running.id);
        await until('the end of the session that was busy', () => isGone(busy.id));
        expect(await client.sessions.get(kept.id)).toMatchObject({ id: kept.id });
      } finally {
        await reconciler.stop();
      }
    });

    test('the time is changed, taken away and taken over by a fork', async () => {
      const api = await fleet().start('api');
      const client = new FleetClient({ url: api.url });
      const { id } = await client.sessions.create({ ttl_seconds: 60 });
      expect(await client.sessions.update(id, { ttl_seconds: 3_600 })).toMatchObject({ ttl_seconds: 3_600 });
      expect(await client.sessions.update(id, { metadata: {} })).toMatchObject({ ttl_seconds: 3_600 });
      expect(await client.sessions.fork(id)).toMatchObject({ ttl_seconds: 3_600 });
      expect(await client.sessions.update(id, { ttl_seconds: null })).toMatchObject({
        ttl_seconds: null,
        expires_at: null,
      });
      for (const ttl_seconds of [0, -1, 1.5, 1e12]) {
        await expect(client.sessions.create({ ttl_seconds })).rejects.toMatchObject({
          status: 400,
          message: expect.stringContaining('ttl_seconds'),
        });
      }
    });
  });
}
