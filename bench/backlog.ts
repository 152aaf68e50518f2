import { setTimeout } from 'node:timers/promises';
import { agentSpec } from '@mcp-fleet/core';
import { Redis } from 'ioredis';
import {
  addJobs,
  type BenchFleet,
  type JobLooks,
  lookAtJobs,
  startBenchFleet,
} from './support/bench-fleet.ts';
import { against, atLeast, median, type Result, spread, summaryOf } from './support/results.ts';

const agent = agentSpec.parse({ model: 'simulated', tools: [] });
const topUpMs = 500;

interface Backlog {
  size: number;
  fleet: BenchFleet;
  looks: JobLooks;
  megabytes: number;
  rates: number[];
  runMs: number[];
}

/**
 * Jobs a second of one worker, and how long a job runs, with so many single jobs waiting, in turns: there is a fleet for each
 * size, and only one of them works at a time.
 */
export async function benchBacklog(setup: {
  sizes: number[];
  rounds: number;
  seconds: number;
}): Promise<Result[]> {
  const backlogs: Backlog[] = [];
  try {
    for (const size of setup.sizes) backlogs.push(await fill(size));
    for (let round = 0; round < setup.rounds; round += 1) {
      for (const backlog of backlogs) await work(backlog, setup.seconds);
    }
    return resultsOf(backlogs);
  } finally {
    for (const { looks, fleet } of backlogs) {
      await looks.stop();
      await fleet.stop();
    }
  }
}

function resultsOf(backlogs: readonly Backlog[]): Result[] {
  const [least] = backlogs;
  return backlogs.flatMap(({ size, megabytes, rates, runMs }) => {
    console.log(
      `${size} waiting: ${spread(rates)} jobs a second, a job runs ${spread(runMs)} ms, ${megabytes.toFixed(0)} MB in Redis`,
    );
    const memory = {
      name: `backlog: Redis with ${size} waiting`,
      value: megabytes,
      unit: 'MB',
      target: null,
    };
    if (least === undefined || size === least.size) return [memory];
    const than = `with ${size} waiting against ${least.size}`;
    return [
      {
        ...{ name: `backlog: jobs a second ${than}`, unit: 'times', target: atLeast(0.95) },
        ...summaryOf(against(rates, least.rates)),
      },
      {
        ...{ name: `backlog: time of a job ${than}`, unit: 'times', target: null },
        ...summaryOf(against(runMs, least.runMs)),
      },
      memory,
    ];
  });
}

async function fill(size: number): Promise<Backlog> {
  const fleet = await startBenchFleet({ env: { WORKER_CONCURRENCY: '64' } });
  const redis = new Redis(fleet.env.QUEUE_URL ?? '');
  const used = async () => Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
  const before = await used();
  await addSome(fleet, size);
  const megabytes = ((await used()) - before) / 2 ** 20;
  redis.disconnect();
  return { size, fleet, looks: await lookAtJobs(fleet), megabytes, rates: [], runMs: [] };
}

/** One worker for so many seconds, while what it takes from the backlog is put back. */
async function work({ fleet, looks, rates, runMs }: Backlog, seconds: number): Promise<void> {
  const begun = await looks.ended();
  const worker = await fleet.startWorker();
  let putBack = begun;
  const topUp = async () => {
    const now = await looks.ended();
    await addSome(fleet, now - putBack);
    putBack = now;
  };
  // Connections, statements and compiled code.
  while ((await looks.ended()) < begun + 500) {
    await topUp();
    await setTimeout(topUpMs / 5);
  }
  const from = { ended: await looks.ended(), at: performance.now() };
  while (performance.now() - from.at < seconds * 1_000) {
    await topUp();
    await setTimeout(topUpMs);
  }
  const elapsed = (performance.now() - from.at) / 1_000;
  rates.push(((await looks.ended()) - from.ended) / elapsed);
  runMs.push(median(await looks.runTimes(elapsed)));
  await worker.stop();
  await topUp();
}

const addSome = (fleet: BenchFleet, count: number): Promise<void> =>
  addJobs(fleet, new Array<string>(count).fill('Say something.'), agent);
