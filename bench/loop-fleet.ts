import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import { agentSpec, plainJob } from '@mcp-fleet/core';
import { BullJobQueue, openQueueBackend } from '@mcp-fleet/queue';
import { newId } from '@mcp-fleet/runtime';
import { openPostgresStore } from '@mcp-fleet/store';
import pg from 'pg';
import { createPostgresDatabase } from '../test/support/topologies.ts';
import { cpuSeconds, cpuSecondsOfTree } from './support/cpu-seconds.ts';
import { type Load, type Measurement, query, warmUp } from './support/load.ts';
import { runLimited } from './support/run-limited.ts';
import type { Servers } from './support/servers.ts';
import { startProcess } from './support/start-process.ts';

const agent = agentSpec.parse({ model: 'simulated' });

async function withConfig<T>(
  toolsUrl: string,
  work: (folder: string, config: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-bench-'));
  const config = join(folder, 'fleet.json');
  await writeFile(config, JSON.stringify({ mcpServers: { math: { url: toolsUrl, trusted: true } } }));
  try {
    return await work(folder, config);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A whole fleet in one process on PGlite, driven over its HTTP API. */
export function measureEmbedded(load: Load, simulatorUrl: string, toolsUrl: string): Promise<Measurement> {
  return withConfig(toolsUrl, async (folder, config) => {
    const args = [
      'services/cli/src/main.ts',
      'up',
      '--port',
      '0',
      '--data',
      join(folder, 'data'),
      '--config',
      config,
    ];
    const fleet = await startProcess(args, {
      SIMULATOR_URL: simulatorUrl,
      FLEET_MODEL: 'simulated',
      WORKER_CONCURRENCY: String(load.concurrency),
      LOG_LEVEL: 'warn',
    });
    const client = new FleetClient({ url: fleet.url });
    const open = (of: Load) =>
      Promise.all(Array.from({ length: of.sessions }, () => client.sessions.create()));
    const run = async (of: Load, sessions: { id: string }[]) => {
      const ids: string[] = [];
      await runLimited(of.jobs, of.concurrency, async (n) => {
        const session_id = sessions[n % of.sessions]?.id as string;
        ids[n] = (await client.jobs.create({ query: query(n), session_id })).id;
      });
      await runLimited(of.jobs, of.concurrency, async (n) => {
        const job = await client.jobs.wait(ids[n] as string);
        if (job.state !== 'succeeded') throw new Error(`${job.id}: ${job.error?.message}`);
      });
    };
    await run(warmUp, await open(warmUp));
    const sessions = await open(load);
    const cpuBefore = cpuSeconds(fleet.pid);
    const begun = performance.now();
    await run(load, sessions);
    const seconds = (performance.now() - begun) / 1000;
    const cpu = { 'fleet up': cpuSeconds(fleet.pid) - cpuBefore };
    await fleet.stop();
    return { seconds, cpu };
  });
}

/** One worker process on Redis and PostgreSQL; this process is the producer. */
export function measureServers(
  load: Load,
  simulatorUrl: string,
  toolsUrl: string,
  servers: Servers,
  settings: Record<string, string> = {},
): Promise<Measurement> {
  return withConfig(toolsUrl, async (_folder, config) => {
    const { url: database, drop } = await createPostgresDatabase();
    const queueName = `bench-${process.pid}-${Date.now()}`;
    const store = openPostgresStore(database);
    await store.migrate();
    const backend = openQueueBackend(servers.redisUrl, { queueName });
    const queue = new BullJobQueue(backend);
    await queue.start();
    const worker = await startProcess(['services/cli/src/main.ts', 'worker', '--config', config], {
      STORE_URL: database,
      QUEUE_URL: servers.redisUrl,
      QUEUE_NAME: queueName,
      SIMULATOR_URL: simulatorUrl,
      ...settings,
      WORKER_PORT: '0',
      WORKER_CONCURRENCY: String(load.concurrency),
    });
    const watched = pgWatcher(database);
    const open = async (of: Load) => {
      const ids = Array.from({ length: of.sessions }, () => newId('sess'));
      const unset = { tenant: 'bench', agent: 'default', onBusy: 'enqueue' as const, metadata: {} };
      for (const id of ids) await store.createSession({ id, ...unset });
      return ids;
    };
    const run = async (of: Load, sessions: string[]) => {
      await runLimited(of.jobs, of.concurrency, async (n) => {
        const sessionId = sessions[n % of.sessions] as string;
        const content = [{ type: 'text', text: query(n) }];
        const id = newId('job');
        const { job, ready } = await store.accept({
          ...plainJob,
          id,
          tenant: 'bench',
          sessionId,
          agent,
          query: content,
        });
        if (ready) await queue.add(job.id);
      });
      while ((await watched.unended()) > 0);
    };
    await run(warmUp, await open(warmUp));
    const sessions = await open(load);

    const before = {
      redis: cpuSeconds(servers.redisPid),
      postgres: cpuSecondsOfTree(servers.postgresPid),
      worker: cpuSeconds(worker.pid),
      producer: cpuSeconds(process.pid),
    };
    const begun = performance.now();
    await run(load, sessions);
    const seconds = (performance.now() - begun) / 1000;
    const cpu = {
      worker: cpuSeconds(worker.pid) - before.worker,
      postgres: cpuSecondsOfTree(servers.postgresPid) - before.postgres,
      redis: cpuSeconds(servers.redisPid) - before.redis,
      producer: cpuSeconds(process.pid) - before.producer,
    };
    const failed = await watched.failed();
    await worker.stop();
    await queue.stop();
    await backend.close();
    await store.close();
    await watched.close();
    await drop();
    if (failed > 0) throw new Error(`${failed} jobs did not succeed`);
    return { seconds, cpu };
  });
}

/** Looks at the database from outside the fleet. Each look pauses, so as not to be the load itself. */
function pgWatcher(database: string) {
  const client = new pg.Client({ connectionString: database });
  const connected = client.connect();
  const number = async (sql: string) => {
    await connected;
    return Number((await client.query(sql)).rows[0].n);
  };
  return {
    /** One while any job has not ended, otherwise none. */
    unended: async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return number(
        `SELECT count(*) AS n FROM (SELECT FROM fleet.jobs WHERE state IN ('queued', 'running', 'waiting') LIMIT 1) j`,
      );
    },
    failed: () => number(`SELECT count(*) AS n FROM fleet.jobs WHERE state <> 'succeeded'`),
    close: () => client.end(),
  };
}
