import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetClient } from '@mcp-fleet/client';
import { Pool } from 'undici';
import { createPostgresDatabase, openTopology } from '../test/support/topologies.ts';
import { memoryMb } from './support/memory.ts';
import { runLimited } from './support/run-limited.ts';
import { startProcess } from './support/start-process.ts';

const connections = 32;

export interface ApiLoad {
  /** Requests of one measurement. */
  requests: number;
  rounds: number;
  /** Streams that are open at once, each of a job of its own. */
  streams: number;
}

/**
 * Accepting jobs, durable before the answer, against fastify with one insert; then event streams of jobs that run
 * in another process. Both on the PostgreSQL and the Redis of the tests (TEST_POSTGRES_URL, TEST_REDIS_URL).
 */
export async function benchApi(load: ApiLoad): Promise<void> {
  const redis = process.env.TEST_REDIS_URL;
  if (!redis || !process.env.TEST_POSTGRES_URL) throw new Error('Set TEST_POSTGRES_URL and TEST_REDIS_URL.');
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`);
  const { url, drop } = await createPostgresDatabase();
  const topology = await openTopology(url, redis, drop);
  const env = { ...topology.env, STORE_URL: url, FLEET_MODEL: 'simulated', LOG_LEVEL: 'info' };
  const [api, bare] = await Promise.all([
    startProcess(['services/cli/src/main.ts', 'api'], env),
    startProcess(['bench/support/bare-api.ts'], env),
  ]);
  try {
    const rates: Record<string, number[]> = { api: [], bare: [] };
    for (let round = 0; round <= load.rounds; round += 1) {
      for (const [name, target] of Object.entries({ api, bare })) {
        const rate = await accept(target.url, load.requests);
        // The first round warms up.
        if (round > 0) rates[name]?.push(rate);
      }
    }
    const ratios = (rates.api ?? []).map((rate, n) => rate / (rates.bare?.[n] ?? Number.NaN));
    console.log(`accepting at concurrency ${connections}: ${list(rates.api)} jobs/s`);
    console.log(`bare fastify with one insert: ${list(rates.bare)} requests/s`);
    console.log(`ratio, median of ${load.rounds}: ${median(ratios).toFixed(2)} (target 0.6)`);
    await topology.wipeQueue();
    await streams(api, load.streams, env);
  } finally {
    await Promise.all([api.stop(), bare.stop()]);
    await topology.stop();
  }
}

/** Accepted requests a second. Throws when one was not accepted. */
async function accept(url: string, requests: number): Promise<number> {
  const pool = new Pool(url, { connections });
  const body = JSON.stringify({ query: 'What is 12 * 7?', metadata: { order: '1' } });
  const started = performance.now();
  await runLimited(requests, connections, async () => {
    const headers = { 'content-type': 'application/json' };
    const response = await pool.request({ method: 'POST', path: '/v1/jobs', headers, body });
    await response.body.dump();
    if (response.statusCode !== 202) throw new Error(`${url} answered ${response.statusCode}`);
  });
  const seconds = (performance.now() - started) / 1_000;
  await pool.close();
  return requests / seconds;
}

/** Streams a job to each client; the delay is from a step's record in the store to its event here. */
async function streams(
  api: { url: string; pid: number },
  count: number,
  env: Record<string, string>,
): Promise<void> {
  const simulator = await startProcess(['services/cli/src/main.ts', 'simulate', '--port', '0']);
  const client = new FleetClient({ url: api.url });
  const jobs: string[] = [];
  // They are queued from the start, and run once there is a worker.
  for (let n = 0; n < count; n += 1) jobs.push((await client.jobs.create({ query: `hello ${n}` })).id);
  const before = memoryMb(api.pid);
  const delays: number[] = [];
  let steps = 0;
  const ends = jobs.map(async (id) => {
    for await (const { event, data } of client.jobs.stream(id)) {
      if (event === 'step') steps += 1;
      if (event === 'ended' && data.ended_at) delays.push(Date.now() - Date.parse(data.ended_at));
    }
  });
  await sleep(2_000);
  const open = memoryMb(api.pid);
  const worker = await startProcess(['services/cli/src/main.ts', 'worker'], {
    ...env,
    SIMULATOR_URL: simulator.url,
    WORKER_CONCURRENCY: '20',
  });
  await Promise.all(ends);
  delays.sort((a, b) => a - b);
  const at = (share: number) => delays[Math.ceil(count * share) - 1] ?? Number.NaN;
  console.log(`${count} streams of one api: ${steps} steps and ${delays.length} ends came, of ${count} each`);
  console.log(
    `an end comes ${at(0.5)} ms (p50), ${at(0.95)} ms (p95), ${at(1)} ms (most) after its time in the store (target p95 100)`,
  );
  console.log(
    `memory of the api: ${before} MB without streams, ${open} MB with ${count}, ${memoryMb(api.pid)} MB after`,
  );
  await Promise.all([worker.stop(), simulator.stop()]);
}

const list = (rates: number[] = []) => rates.map((rate) => rate.toFixed(0)).join(', ');

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
