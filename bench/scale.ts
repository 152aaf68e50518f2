import { startBenchFleet } from './support/bench-fleet.ts';
import { atLeast, median, type Result, spread } from './support/results.ts';
import { runLimited } from './support/run-limited.ts';

const modelMs = 100;
const concurrency = 8;

/**
 * Jobs a second of 1, 2 and 4 worker processes, each with few places and a model that takes its time: what more of them
 * bring while the processor is not what is missing.
 */
export async function benchScale({ rounds, jobs }: { rounds: number; jobs: number }): Promise<Result[]> {
  const rates = new Map<number, number[]>([1, 2, 4].map((workers) => [workers, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [workers, seen] of rates) seen.push(await measure(workers, jobs * workers));
  }
  for (const [workers, seen] of rates) console.log(`${workers} workers: ${spread(seen)} jobs a second`);
  const one = median(rates.get(1) ?? []);
  return [2, 4].map((workers) => ({
    name: `scale: ${workers} workers against one`,
    value: median(rates.get(workers) ?? []) / one,
    unit: 'times',
    target: workers === 4 ? atLeast(3.8) : null,
  }));
}

async function measure(workers: number, jobs: number): Promise<number> {
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
    const begun = Date.now();
    await runLimited(jobs, workers * concurrency * 2, async (n) => {
      const job = await run(n);
      if (job.state !== 'succeeded') throw new Error(`${job.id}: ${job.error?.message}`);
      ended.push(Date.parse(job.ended_at ?? ''));
    });
    return (jobs / (Math.max(...ended) - begun)) * 1_000;
  } finally {
    await fleet.stop();
  }
}
