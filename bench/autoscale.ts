import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { checkRun, seconds } from './autoscale/check-run.ts';
import { drawRun } from './autoscale/draw-run.ts';
import { allowance, endedPerSecond, gatherJobs, measureDrains, wakingMs } from './autoscale/measure-run.ts';
import { type LoadPlan, runLoad } from './autoscale/run-load.ts';
import { readScalingRules } from './autoscale/scaling-rules.ts';
import { type Shrink, shrinkRules } from './autoscale/shrink-rules.ts';
import { startCluster } from './autoscale/simulated-cluster.ts';

export interface AutoscaleLoad extends LoadPlan {
  shrink: Shrink;
  /** What each of a job's two calls of the model takes. */
  modelMs: number;
}

export interface AutoscaleOutput {
  /** Everything that was measured as JSON, and nothing else. */
  json: boolean;
  /** Where the chart is written. */
  chart: string | undefined;
}

/**
 * Worker processes that follow bursts of jobs by the rules of the Kubernetes manifests, down to none and back, on the
 * PostgreSQL and the Redis of the tests (TEST_POSTGRES_URL, TEST_REDIS_URL). Not measured here: KEDA, Prometheus and
 * Kubernetes themselves, which the rules stand for, pulling of images, and batches.
 */
export async function benchAutoscale(load: AutoscaleLoad, output: AutoscaleOutput): Promise<void> {
  const { shrink, modelMs, ...plan } = load;
  const manifest = readScalingRules();
  const rules = shrinkRules(manifest, shrink);
  const cluster = await startCluster({ rules, modelMs, time: shrink.time });
  try {
    cluster.autoscaler.start();
    const phases = await runLoad(cluster, plan);
    await cluster.autoscaler.stop();
    const jobs = await gatherJobs(cluster, phases);
    const drains = measureDrains(cluster, rules, plan, modelMs, jobs);
    const { pool } = cluster;
    const { samples } = cluster.autoscaler;
    const checks = checkRun({ plan, jobs, drains, samples, pool });
    const perSecond = endedPerSecond(cluster, jobs);
    const result = {
      node: process.version,
      machine: `${cpus().length} × ${cpus()[0]?.model}`,
      shrink,
      manifest,
      allowance,
      seconds: Math.round((samples.at(-1)?.atMs ?? 0) / 1_000),
      jobs: jobs.length,
      drains,
      wakingMs: spread(wakingMs(jobs)),
      startMs: spread(pool.startMs),
      drainOfWorkerMs: spread(pool.drainMs),
      handedBack: pool.handedBack,
      mostWorkers: Math.max(...samples.map(({ wanted }) => wanted)),
      checks,
    };
    const title = `${jobs.length} jobs; times of the manifest ÷ ${shrink.time}, jobs of a worker ÷ ${shrink.jobs}`;
    const chart = drawRun({ title, samples, phases, endedPerSecond: perSecond });
    if (output.chart !== undefined) await writeFile(output.chart, chart);
    if (output.json) console.log(JSON.stringify({ ...result, phases, samples, endedPerSecond: perSecond }));
    else report(result);
    if (checks.some(({ holds }) => !holds)) process.exitCode = 1;
  } finally {
    await cluster.stop();
  }
}

interface Spread {
  least: number;
  median: number;
  most: number;
}

function report(result: {
  node: string;
  machine: string;
  shrink: Shrink;
  seconds: number;
  jobs: number;
  drains: { name: string; mostWorkers: number; predictedMs: number; measuredMs: number }[];
  wakingMs: Spread;
  startMs: Spread;
  drainOfWorkerMs: Spread;
  handedBack: number;
  checks: { name: string; holds: boolean; detail: string }[];
}): void {
  console.log(`Node ${result.node}, ${result.machine}`);
  console.log(
    `${result.jobs} jobs in ${result.seconds} s; times of the manifest ÷ ${result.shrink.time}, jobs of a worker ÷ ${result.shrink.jobs}`,
  );
  for (const { name, mostWorkers, predictedMs, measuredMs } of result.drains)
    console.log(
      `${name}: ended ${seconds(measuredMs)} after it began, ${seconds(predictedMs)} by the rules alone; ${mostWorkers} workers at most`,
    );
  const show = ({ least, median, most }: Spread) => `${seconds(least)}, ${seconds(median)}, ${seconds(most)}`;
  console.log(
    `from a due time without workers to the job's start (least, median, most): ${show(result.wakingMs)}`,
  );
  console.log(
    `a worker is ready after: ${show(result.startMs)}; has ended after: ${show(result.drainOfWorkerMs)}`,
  );
  console.log(`jobs handed back by workers that ended: ${result.handedBack}`);
  for (const { name, holds, detail } of result.checks)
    console.log(`${holds ? '✓' : '✗ missed:'} ${name} (${detail})`);
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN);
  return { least: at(0), median: at(0.5), most: at(1) };
}
