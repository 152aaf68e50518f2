import type Anthropic from '@anthropic-ai/sdk';
import { Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createPostgresDatabase } from '../test/support/topologies.ts';
import { openStockLoop } from './baselines/stock-loop.ts';
import { cpuSeconds, cpuSecondsOfTree } from './support/cpu-seconds.ts';
import { type Load, type Measurement, query, warmUp } from './support/load.ts';
import { runLimited } from './support/run-limited.ts';
import type { Servers } from './support/servers.ts';
import { startProcess } from './support/start-process.ts';

/** The loop with stock SDKs in this process: no queue, no store. */
export async function measureStock(load: Load, simulatorUrl: string, toolsUrl: string): Promise<Measurement> {
  const loop = await openStockLoop(simulatorUrl, toolsUrl);
  const run = (of: Load) =>
    runLimited(of.sessions, of.concurrency, async (session) => {
      const messages: Anthropic.MessageParam[] = [];
      for (let n = session; n < of.jobs; n += of.sessions) await loop.run(messages, query(n));
    });
  await run(warmUp);
  const cpuBefore = cpuSeconds(process.pid);
  const begun = performance.now();
  await run(load);
  const seconds = (performance.now() - begun) / 1_000;
  const cpu = { loop: cpuSeconds(process.pid) - cpuBefore };
  await loop.close();
  return { seconds, cpu };
}

/** A worker as it is written by hand (baselines/bull-worker.ts); this process is the producer. */
export async function measureHandWritten(
  load: Load,
  simulatorUrl: string,
  toolsUrl: string,
  servers: Servers,
): Promise<Measurement> {
  const database = await createPostgresDatabase();
  const pool = new pg.Pool({ connectionString: database.url });
  await pool.query('CREATE TABLE sessions (id text PRIMARY KEY, messages jsonb NOT NULL)');
  const name = `hand-written-${process.pid}-${Date.now()}`;
  const connection = new Redis(servers.redisUrl, { maxRetriesPerRequest: null });
  const queue = new Queue(name, { connection: connection as never });
  queue.setMaxListeners(0);
  const events = new QueueEvents(name, { connection: connection.duplicate() as never });
  events.setMaxListeners(0);
  await events.waitUntilReady();
  const worker = await startProcess([
    ...['bench/baselines/bull-worker.ts', '--redis', servers.redisUrl, '--postgres', database.url],
    ...['--queue', name, '--simulator', simulatorUrl, '--tools', toolsUrl],
    ...['--concurrency', String(load.concurrency)],
  ]);
  // One job of a session at a time, since nothing else keeps them in order.
  const run = async (of: Load, prefix: string) => {
    await pool.query(`INSERT INTO sessions SELECT $2 || n, '[]' FROM generate_series(0, $1::int) n`, [
      of.sessions,
      prefix,
    ]);
    await runLimited(of.sessions, of.concurrency, async (session) => {
      for (let n = session; n < of.jobs; n += of.sessions) {
        const data = { session: `${prefix}${session}`, query: query(n) };
        const job = await queue.add('job', data, { removeOnComplete: true });
        await job.waitUntilFinished(events);
      }
    });
  };
  try {
    await run(warmUp, 'warm-');
    const before = {
      worker: cpuSeconds(worker.pid),
      redis: cpuSeconds(servers.redisPid),
      postgres: cpuSecondsOfTree(servers.postgresPid),
    };
    const begun = performance.now();
    await run(load, '');
    const seconds = (performance.now() - begun) / 1_000;
    const cpu = {
      worker: cpuSeconds(worker.pid) - before.worker,
      redis: cpuSeconds(servers.redisPid) - before.redis,
      postgres: cpuSecondsOfTree(servers.postgresPid) - before.postgres,
    };
    return { seconds, cpu };
  } finally {
    await worker.stop();
    await queue.obliterate({ force: true });
    await Promise.all([queue.close(), events.close(), pool.end()]);
    connection.disconnect();
    await database.drop();
  }
}
