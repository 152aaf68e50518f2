import { readFileSync } from 'node:fs';
import { agentSpec } from '@mcp-fleet/core';
import { addJobs, lookAtJobs, startBenchFleet } from './support/bench-fleet.ts';
import { atLeast, atMost, type Result, spread, summaryOf } from './support/results.ts';

export interface FanIn {
  inFlight: number;
  modelMs: number;
  /** Waves that are measured: in each, every place is used once. One comes before them, and one after. */
  waves: number;
}

interface Measured extends FanIn {
  ratios: number[];
  lagMs: number;
  mostBytes: number;
}

/**
 * Very many jobs that wait for a model, in one worker process: jobs a second against places ÷ latency, how long its event loop
 * stands still, and what a job in flight takes in memory. Each job is one model call; all wait before the worker starts.
 */
export async function benchFanIn(cases: readonly FanIn[]): Promise<Result[]> {
  const measured: Measured[] = [];
  for (const each of cases) measured.push(await measure(each));
  return [...measured.flatMap(ofOne), ...memoryOfAJob(measured)];
}

function ofOne({ inFlight, modelMs, ratios, lagMs }: Measured): Result[] {
  const name = `fanin: ${inFlight} in flight, model ${modelMs} ms`;
  const wanted = inFlight >= 5_000 ? atLeast(0.9) : inFlight >= 1_000 ? atLeast(0.97) : null;
  return [
    {
      name: `${name}, of the ideal`,
      unit: '',
      target: wanted,
      ...summaryOf(ratios),
    },
    { name: `${name}, event loop p99`, value: lagMs, unit: 'ms', target: atMost(50) },
  ];
}

/** What a worker with more places holds above one with fewer, for each of them. */
function memoryOfAJob(measured: readonly Measured[]): Result[] {
  return measured.flatMap((more) => {
    const fewer = measured.findLast(
      ({ modelMs, inFlight }) => modelMs === more.modelMs && inFlight < more.inFlight,
    );
    if (fewer === undefined) return [];
    const bytes = (more.mostBytes - fewer.mostBytes) / (more.inFlight - fewer.inFlight);
    const name = `fanin: memory of a job, from ${fewer.inFlight} to ${more.inFlight} in flight, model ${more.modelMs} ms`;
    return [{ name, value: bytes / 1_024, unit: 'KB', target: atMost(64) }];
  });
}

async function measure({ inFlight, modelMs, waves }: FanIn): Promise<Measured> {
  const fleet = await startBenchFleet({ modelMs, env: { WORKER_CONCURRENCY: String(inFlight) } });
  const looks = await lookAtJobs(fleet);
  try {
    const queries = Array.from({ length: inFlight * (waves + 2) }, (_, n) => `Say ${n}.`);
    await addJobs(fleet, queries, agentSpec.parse({ model: 'simulated', tools: [] }));
    const worker = await fleet.startWorker();
    let mostBytes = 0;
    const reach = (count: number) =>
      looks.reach(count, () => {
        mostBytes = Math.max(mostBytes, memoryOf(worker.pid));
      });
    await reach(inFlight);
    // The delays are those since the last look.
    await lagOf(worker.url);
    await reach(inFlight * (waves + 1));
    const lagMs = await lagOf(worker.url);
    const times = await looks.endTimes();
    const at = (wave: number) => times[inFlight * (wave + 1) - 1] as number;
    const ratios = Array.from({ length: waves }, (_, wave) => modelMs / 1_000 / (at(wave + 1) - at(wave)));
    console.log(
      `${inFlight} in flight, model ${modelMs} ms: ${spread(ratios.map((ratio) => (ratio * inFlight * 1_000) / modelMs))} jobs a second`,
    );
    return { inFlight, modelMs, waves, ratios, lagMs, mostBytes };
  } finally {
    await looks.stop();
    await fleet.stop();
  }
}

function memoryOf(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1_024;
}

async function lagOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^nodejs_eventloop_lag_p99_seconds(?:\{.*\})? (\S+)$/m.exec(text)?.[1]) * 1_000;
}
