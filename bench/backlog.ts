import { agentSpec, plainJob } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { Redis } from 'ioredis';
import pg from 'pg';
import { type BenchFleet, startBenchFleet } from './support/bench-fleet.ts';
import { atLeast, type Result } from './support/results.ts';

const page = 5_000;

/** Jobs a second of one worker with so many single jobs waiting, and the memory of Redis. */
export async function benchBacklog({
  sizes,
  seconds,
}: {
  sizes: number[];
  seconds: number;
}): Promise<Result[]> {
  const rates: number[] = [];
  const results: Result[] = [];
  for (const size of sizes) {
    const { rate, megabytes } = await measure(size, seconds);
    console.log(`${size} waiting: ${rate.toFixed(0)} jobs a second, ${megabytes.toFixed(0)} MB in Redis`);
    rates.push(rate);
    results.push({ name: `backlog: Redis with ${size} waiting`, value: megabytes, unit: 'MB', target: null });
  }
  const ratio = (rates.at(-1) ?? Number.NaN) / (rates[0] ?? Number.NaN);
  return [
    {
      name: `backlog: jobs a second with ${sizes.at(-1)} waiting against ${sizes[0]}`,
      value: ratio,
      unit: '',
      target: atLeast(0.95),
    },
    ...results,
  ];
}

async function measure(size: number, seconds: number): Promise<{ rate: number; megabytes: number }> {
  const fleet = await startBenchFleet({
    agents: { default: { tools: [] } },
    env: { WORKER_CONCURRENCY: '64' },
  });
  const redis = new Redis(fleet.env.QUEUE_URL ?? '');
  try {
    const memory = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
    const before = await memory();
    for (let made = 0; made < size; made += page) await addJobs(fleet, Math.min(page, size - made));
    const megabytes = ((await memory()) - before) / 2 ** 20;
    await fleet.startWorker();
    const keepFull = setInterval(() => void addJobs(fleet, 1_000), 1_000);
    await ended(fleet, 2_000);
    const from = await ended(fleet, seconds * 1_000);
    clearInterval(keepFull);
    return { rate: from / seconds, megabytes };
  } finally {
    redis.disconnect();
    await fleet.stop();
  }
}

async function addJobs({ topology }: BenchFleet, count: number): Promise<void> {
  const agent = agentSpec.parse({ model: 'simulated', tools: [] });
  const query = [{ type: 'text', text: 'Say something.' }];
  const jobs = Array.from({ length: count }, () => ({
    ...plainJob,
    id: newId('job'),
    tenant: 'local',
    sessionId: null,
    agent,
    query,
  }));
  await topology.store.acceptMany(jobs);
  await topology.queue.addMany(jobs.map(({ id }) => ({ jobId: id })));
}

/** Jobs that end within so many milliseconds. */
async function ended({ env }: BenchFleet, ms: number): Promise<number> {
  const client = new pg.Client({ connectionString: env.STORE_URL });
  await client.connect();
  const count = async () => {
    const { rows } = await client.query(`SELECT count(*) AS n FROM fleet.jobs WHERE state = 'succeeded'`);
    return { jobs: Number(rows[0].n), at: performance.now() };
  };
  const before = await count();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const after = await count();
  await client.end();
  return ((after.jobs - before.jobs) / (after.at - before.at)) * ms;
}
