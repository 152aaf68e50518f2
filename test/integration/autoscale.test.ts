import { FleetClient } from '@mcp-fleet/client';
import { afterEach, expect, test } from 'vitest';
import { Autoscaler } from '../../bench/autoscale/autoscaler.ts';
import { readScalingRules } from '../../bench/autoscale/scaling-rules.ts';
import { shrinkRules } from '../../bench/autoscale/shrink-rules.ts';
import { WorkerPool } from '../../bench/autoscale/worker-pool.ts';
import { useFleet } from '../support/fleet-under-test.ts';
import { describeWith, service } from '../support/services.ts';
import { saysDone } from '../support/simulator-control.ts';
import { createPostgresDatabase, openTopology } from '../support/topologies.ts';
import { until } from '../support/until.ts';

/** The manifest's rules, with a cooldown of 3 s, and for eight jobs a worker. */
const rules = shrinkRules(readScalingRules(), { time: 100, jobs: 10 });

/** Those that eight times three jobs ask for. */
const workers = 3;

async function openRedisAndPostgres() {
  const { url, drop } = await createPostgresDatabase();
  return openTopology(url, service('redis'), drop);
}

describeWith(['redis', 'postgres'], 'workers that follow the metric of the manifest', () => {
  const fleet = useFleet(openRedisAndPostgres);
  let stop: () => Promise<void> = async () => undefined;
  afterEach(() => stop());

  test('as many start as the backlog asks for, all end when it is gone, and a job that is due starts one again', async () => {
    const { simulator, start, env } = fleet();
    const own = { QUEUE_LOCK_MS: '30000' };
    const [api, reconciler] = await Promise.all([
      start('api', own),
      start('reconciler', { ...own, RECONCILE_EVERY_MS: '150' }),
    ]);
    const client = new FleetClient({ url: api.url });
    const concurrency = { WORKER_CONCURRENCY: String(rules.concurrency) };
    const pool = new WorkerPool(['worker'], { ...env, ...own, ...concurrency });
    const autoscaler = new Autoscaler(rules, reconciler.url, pool);
    stop = async () => {
      await autoscaler.stop();
      await pool.stop();
    };
    autoscaler.start();

    const count = workers * rules.threshold;
    await simulator.script(Array.from({ length: count }, () => ({ ...(saysDone() as object), hold: true })));
    const burst = await Promise.all(
      Array.from({ length: count }, () => client.jobs.create({ query: 'hello' })),
    );
    await autoscaler.until(({ ready }) => ready === workers);
    await until('a held reply for each job', async () => (await simulator.held()) === count);
    expect(Math.max(...autoscaler.samples.map(({ wanted }) => wanted))).toBe(workers);
    // Nothing waits any more, and what workers hold keeps them for longer than the cooldown.
    const heldMs = autoscaler.nowMs;
    const busy = await autoscaler.until(({ atMs }) => atMs > heldMs + 1.5 * rules.cooldownMs);
    expect(busy).toMatchObject({ backlog: count, wanted: workers, ready: workers });
    await simulator.release();
    for (const { id } of burst) expect(await client.jobs.wait(id)).toMatchObject({ state: 'succeeded' });
    await autoscaler.until(({ processes }) => processes === 0);
    expect(pool.exitCodes).toEqual([0, 0, 0]);

    const before = autoscaler.samples.length;
    const dueAt = new Date(Date.now() + 1_000);
    const { id } = await client.jobs.create({ query: 'hello', not_before: dueAt.toISOString() });
    const later = await client.jobs.wait(id);
    expect(later.state).toBe('succeeded');
    expect(Date.parse(later.started_at as string)).toBeGreaterThanOrEqual(dueAt.getTime());
    await autoscaler.until(({ processes, backlog, delayed }) => processes + backlog + delayed === 0);
    // While its time has not come no worker is kept for it; then one is started.
    for (const { delayed, processes } of autoscaler.samples.slice(before)) {
      if (delayed > 0) expect(processes).toBe(0);
    }
    expect(pool.exitCodes).toEqual([0, 0, 0, 0]);
    expect(await simulator.total()).toBe(count + 1);
  });
});
