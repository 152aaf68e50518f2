import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentSpec, plainJob } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { type PrivateRedis, startPrivateRedis } from '../support/private-redis.ts';
import { describeWith } from '../support/services.ts';
import { saysDone, startTestSimulator, type TestSimulator } from '../support/simulator-control.ts';
import { createPostgresDatabase, openTopology, type TestTopology } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const agent = agentSpec.parse({ model: 'simulated' });
const concurrency = 20;
const running = 2 * concurrency;

/** Time that the outage of Redis takes; 300_000 was tried as well. */
const outageMs = Number(process.env.TEST_OUTAGE_MS ?? 3_000);

describeWith(
  ['postgres', 'redis'],
  'two workers and a reconciler on PostgreSQL and a Redis of their own',
  () => {
    let folder: string;
    let redis: PrivateRedis;
    let topology: TestTopology;
    let simulator: TestSimulator;
    let processes: FleetProcess[];
    let database: pg.Pool;

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'fleet-test-'));
      redis = await startPrivateRedis(folder);
      const { url, drop } = await createPostgresDatabase();
      database = new pg.Pool({ connectionString: url, max: 2 });
      // The database is dropped while the pool's connections close.
      database.on('error', () => undefined);
      database.on('connect', (client) => client.on('error', () => undefined));
      topology = await openTopology(url, redis.url, async () => {
        await database.end();
        await drop();
      });
      simulator = await startTestSimulator();
      const env = {
        ...topology.env,
        SIMULATOR_URL: simulator.url,
        RECONCILE_EVERY_MS: '1000',
        WORKER_CONCURRENCY: String(concurrency),
        LOG_LEVEL: 'warn',
      };
      const start = (role: string) => startFleetProcess([role], { ...env, LOG_LEVEL: 'info' });
      processes = await Promise.all(['worker', 'worker', 'reconciler'].map(start));
    });

    afterEach(async () => {
      await Promise.all(processes.map((process) => process.kill('SIGKILL')));
      await simulator.stop();
      await topology.stop();
      await redis.stop();
      await rm(folder, { recursive: true, force: true });
    });

    async function accept(): Promise<string> {
      const id = newId('job');
      const query = [{ type: 'text', text: 'hello' }];
      await topology.store.accept({ ...plainJob, id, tenant: 'local', sessionId: null, agent, query });
      return id;
    }

    async function count(where: string): Promise<number> {
      const { rows } = await database.query(`SELECT count(*)::int AS n FROM fleet.${where}`);
      return rows[0].n;
    }
    const ended = () => count('jobs WHERE ended_at IS NOT NULL');
    const inQueue = async () => {
      const { waiting, active, delayed } = await topology.queue.counts();
      return waiting + active + delayed;
    };
    const allEnded = (jobs: number, ms?: number) =>
      until(`the end of ${jobs} jobs`, async () => (await ended()) === jobs, ms);

    /** Keeps every worker's every place busy with a model call that does not end. */
    async function occupy(): Promise<void> {
      await simulator.script(
        Array.from({ length: running }, () => ({ hold: true, ...(saysDone() as object) })),
      );
      const ids = await Promise.all(Array.from({ length: running }, accept));
      await topology.queue.addMany(ids.map((jobId) => ({ jobId })));
      await until('busy workers', async () => (await simulator.held()) === running);
    }

    test('10,000 queued, parked and running jobs that Redis forgot are back within a minute and end once', async () => {
      const jobs = 10_000;
      const parked = 1_000;
      await occupy();
      const ids: string[] = [];
      const acceptMany = async () => {
        while (ids.length < jobs - running) ids.push(await accept());
      };
      await Promise.all(Array.from({ length: 12 }, acceptMany));
      const waits = { waitMs: 2_000, reason: 'a test', failures: { model: 0, tools: 0 } };
      for (const jobId of ids.splice(0, parked)) {
        const take = await topology.store.take(jobId);
        if (take.kind !== 'taken') throw new Error(`${jobId}: ${take.kind}`);
        await topology.store.park(
          { jobId, tenant: take.job.tenant, sessionId: null, epoch: take.job.epoch, owner: take.owner },
          waits,
        );
      }
      await topology.queue.addMany(ids.map((jobId) => ({ jobId })));
      const total = await count('jobs');
      expect(await inQueue()).toBeGreaterThanOrEqual(total - parked);

      await redis.run('FLUSHALL');
      const lost = performance.now();
      await until('all jobs in the queue again', async () => (await inQueue()) >= total - (await ended()));
      console.log(`${total} jobs were back after ${((performance.now() - lost) / 1_000).toFixed(1)} s`);
      await simulator.release();

      await allEnded(total, 150_000);
      expect(await count("jobs WHERE state = 'succeeded'")).toBe(total);
      expect(await count('steps')).toBe(total);
      // Those that ran lost their delivery with the queue, and asked again for what they had not recorded.
      expect(await simulator.total()).toBeLessThanOrEqual(total + running);
      await until('the empty queue', async () => (await inQueue()) === 0);
    }, 240_000);

    test(
      'after an outage of Redis every worker takes jobs again',
      async () => {
        await occupy();
        await redis.run('SAVE');
        await redis.kill();
        await new Promise((resolve) => setTimeout(resolve, outageMs));
        await redis.start();
        await simulator.release();
        await allEnded(running);
        await occupy();
        await simulator.release();
        await allEnded(2 * running);
      },
      outageMs + 180_000,
    );

    test('after its connections were reset every worker takes jobs again, and none is asked for twice', async () => {
      await occupy();
      for (const type of ['normal', 'pubsub']) await redis.run('CLIENT', 'KILL', 'TYPE', type);
      await simulator.release();
      await allEnded(running);
      await occupy();
      await simulator.release();
      await allEnded(2 * running);
      expect(await simulator.total()).toBe(2 * running);
    }, 180_000);

    test('after a failover that lost the last writes, jobs that it forgot run and those it remembers run once', async () => {
      await occupy();
      await redis.run('SAVE');
      const ids = await Promise.all(Array.from({ length: 100 }, accept));
      await topology.queue.addMany(ids.map((jobId) => ({ jobId })));
      await simulator.release();
      await until('some ends', async () => (await ended()) > running);
      await redis.kill();
      await redis.start();
      const total = running + ids.length;
      await allEnded(total);
      await until('the empty queue', async () => (await inQueue()) === 0);
      expect(await count('steps')).toBe(total);
      expect(await count("jobs WHERE state = 'succeeded'")).toBe(total);
    }, 180_000);
  },
);
