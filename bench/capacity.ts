import { cpus } from 'node:os';
import { simulateFleet } from './capacity/simulate-fleet.ts';
import { measureWorkers, modelMs } from './scale.ts';
import type { Result } from './support/results.ts';

/** Places of a worker: so many that four workers use the processors up. */
const places = 16;

/**
 * How far the closed queueing network of `capacity/simulate-fleet.ts` can be trusted: what a job costs in processor time is
 * taken from one worker, and what more of them do is predicted from it and measured.
 */
export async function benchCapacity({ jobs }: { jobs: number }): Promise<Result[]> {
  const one = await measureWorkers(1, places, jobs);
  const cpuMs = (one.load * cpus().length * 1_000) / one.rate;
  console.log(`a job costs ${cpuMs.toFixed(1)} ms of processor time, in all processes and the load together`);
  const results: Result[] = [];
  for (const workers of [1, 2, 4]) {
    const network = { places: workers * places, calls: 2, modelMs, cores: cpus().length, cpuMs };
    const predicted = simulateFleet(network, 20_000);
    const measured = workers === 1 ? one : await measureWorkers(workers, places, jobs * workers);
    console.log(
      `${workers} workers: predicted ${predicted.jobsPerSecond.toFixed(1)} jobs a second at ${Math.round(predicted.load * 100)} % of the processors, measured ${measured.rate.toFixed(1)} at ${Math.round(measured.load * 100)} %`,
    );
    results.push({
      name: `capacity: prediction against measurement, ${workers} workers`,
      value: predicted.jobsPerSecond / measured.rate,
      unit: 'times',
      target: null,
    });
  }
  return results;
}
