import { cpus } from 'node:os';
import { agentSpec } from '@mcp-fleet/core';
import { addJobs, lookAtJobs, startBenchFleet } from './support/bench-fleet.ts';
import { against, atLeast, median, type Result, spread, summaryOf } from './support/results.ts';

export const modelMs = 100;

/** Places of a worker: few, so that four workers leave the processors idle most of the time. */
const places = 2;

/**
 * Jobs a second of 1, 2 and 4 worker processes, in turns, with a model that takes its time: what more of them bring while
 * the processor is not what is missing.
 */
export async function benchScale({ rounds, jobs }: { rounds: number; jobs: number }): Promise<Result[]> {
  const runs = new Map<number, Measured[]>([1, 2, 4].map((workers) => [workers, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [workers, seen] of runs) seen.push(await measureWorkers(workers, places, jobs * workers));
  }
  const rates = (workers: number) => (runs.get(workers) ?? []).map((run) => run.rate);
  for (const [workers, seen] of runs) {
    const load = median(seen.map((run) => run.load));
    console.log(
      `${workers} workers: ${spread(rates(workers))} jobs a second, processors used ${Math.round(load * 100)} %`,
    );
  }
  return [2, 4].map((workers) => ({
    name: `scale: ${workers} workers against one`,
    unit: 'times',
    target: workers === 4 ? atLeast(3.8) : null,
    ...summaryOf(against(rates(workers), rates(1))),
  }));
}

export interface Measured {
  rate: number;
  /** Part of all processors' time that was used, by everything on the machine. */
  load: number;
}

/** One-tool jobs by so many workers, each with so many places and a model that takes `modelMs`. */
export async function measureWorkers(workers: number, places: number, jobs: number): Promise<Measured> {
  const fleet = await startBenchFleet({ modelMs, env: { WORKER_CONCURRENCY: String(places) } });
  const looks = await lookAtJobs(fleet);
  try {
    const tools = ['math__calculate'];
    const agent = agentSpec.parse({ model: 'simulated', tools });
    // What opens connections, prepares statements and lists tools at the beginning, and what leaves places empty at the end.
    const edge = workers * places * 4;
    const queries = Array.from({ length: jobs + 2 * edge }, (_, n) => `What is ${n} times 7?`);
    await addJobs(fleet, queries, agent);
    await Promise.all(Array.from({ length: workers }, () => fleet.startWorker()));
    await looks.reach(edge);
    const [idleBefore, begun] = [idleMs(), performance.now()];
    await looks.reach(edge + jobs);
    const load = 1 - (idleMs() - idleBefore) / ((performance.now() - begun) * cpus().length);
    const times = await looks.endTimes();
    const [from = Number.NaN, to = Number.NaN] = [times[edge - 1], times[edge + jobs - 1]];
    return { rate: jobs / (to - from), load };
  } finally {
    await looks.stop();
    await fleet.stop();
  }
}

const idleMs = (): number => cpus().reduce((sum, { times }) => sum + times.idle, 0);
