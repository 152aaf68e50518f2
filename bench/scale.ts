import { cpus } from 'node:os';
import { startBenchFleet } from './support/bench-fleet.ts';
import { atLeast, median, type Result, spread } from './support/results.ts';
import { runLimited } from './support/run-limited.ts';

export const modelMs = 100;
export const concurrency = 8;

/**
 * Jobs a second of 1, 2 and 4 worker processes, each with few places and a model that takes its time: what more of them
 * bring while the processor is not what is missing.
 */
export async function benchScale({ rounds, jobs }: { rounds: number; jobs: number }): Promise<Result[]> {
  const runs = new Map<number, Measured[]>([1, 2, 4].map((workers) => [workers, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [workers, seen] of runs) seen.push(await measureWorkers(workers, jobs * workers));
  }
  const rate = (workers: number) => median((runs.get(workers) ?? []).map((run) => run.rate));
  for (const [workers, seen] of runs) {
    const load = median(seen.map((run) => run.load));
    const rates = spread(seen.map((run) => run.rate));
    console.log(`${workers} workers: ${rates} jobs a second, processors used ${Math.round(load * 100)} %`);
  }
  return [2, 4].map((workers) => ({
    name: `scale: ${workers} workers against one`,
    value: rate(workers) / rate(1),
    unit: 'times',
    target: workers === 4 ? atLeast(3.8) : null,
  }));
}

export interface Measured {
  rate: number;
  /** Part of all processors' time that was used, by everything on the machine. */
  load: number;
}

/** One-tool jobs by so many workers, each with `concurrency` places and a model that takes `modelMs`. */
export async function measureWorkers(workers: number, jobs: number): Promise<Measured> {
  const fleet = await startBenchFleet({ modelMs, env: { WORKER_CONCURRENCY: String(concurrency) } });
  try {
    await Promise.all(Array.from({ length: workers }, () => fleet.startWorker()));
    const run = async (n: number) => {
      const { id } = await fleet.client.jobs.create({ query: `What is ${n} times 7?` });
      return fleet.client.jobs.wait(id);
    };
    // Connections, statements and tools of every worker.
    await runLimited(workers * concurrency, workers * concurrency, async (n) => void (await run(n)));
    const ended: number[] = [];
    const idleBefore = idleMs();
    const begun = Date.now();
    await runLimited(jobs, workers * concurrency * 2, async (n) => {
      const job = await run(n);
      if (job.state !== 'succeeded') throw new Error(`${job.id}: ${job.error?.message}`);
      ended.push(Date.parse(job.ended_at ?? ''));
    });
    const ms = Math.max(...ended) - begun;
    const load = 1 - (idleMs() - idleBefore) / (ms * cpus().length);
    return { rate: (jobs / ms) * 1_000, load };
  } finally {
    await fleet.stop();
  }
}

const idleMs = (): number => cpus().reduce((sum, { times }) => sum + times.idle, 0);
