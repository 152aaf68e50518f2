import { readFileSync } from 'node:fs';
import { startBenchFleet } from './support/bench-fleet.ts';
import { atLeast, atMost, type Result } from './support/results.ts';
import { runLimited } from './support/run-limited.ts';

export interface FanIn {
  inFlight: number;
  modelMs: number;
  /** How often every place is used. */
  rounds: number;
}

/**
 * Very many jobs that wait for a model, in one worker process: jobs a second against places ÷ latency, how long its event loop
 * stands still, and what a job in flight takes in memory. Each job is one model call.
 */
export async function benchFanIn(cases: readonly FanIn[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const each of cases) {
    const { ratio, lagMs, bytesPerJob } = await measure(each);
    const name = `fanin: ${each.inFlight} in flight, model ${each.modelMs} ms`;
    const target = each.inFlight >= 5_000 ? 0.9 : 0.97;
    results.push({
      name: `${name}, of the ideal`,
      value: ratio,
      unit: '',
      target: each.inFlight >= 1_000 ? atLeast(target) : null,
    });
    results.push({ name: `${name}, event loop p99`, value: lagMs, unit: 'ms', target: atMost(50) });
    results.push({
      name: `${name}, memory of a job`,
      value: bytesPerJob / 1_024,
      unit: 'KB',
      target: each.inFlight >= 1_000 ? atMost(64) : null,
    });
  }
  return results;
}

async function measure({ inFlight, modelMs, rounds }: FanIn) {
  const agents = { default: { tools: [] } };
  const fleet = await startBenchFleet({ modelMs, agents, env: { WORKER_CONCURRENCY: String(inFlight) } });
  try {
    const worker = await fleet.startWorker();
    const submit = async (n: number) => void (await fleet.client.jobs.create({ query: `Say ${n}.` }));
    const before = memoryOf(worker.pid);
    const jobs = inFlight * rounds;
    await runLimited(jobs, 64, submit);
    let most = before;
    const lag: number[] = [];
    for (;;) {
      const { queued = 0, running = 0 } = await fleet.topology.store.unendedJobs(1_000_000);
      most = Math.max(most, memoryOf(worker.pid));
      lag.push(await lagOf(worker.url));
      if (queued + running === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    const times = { first: Number.POSITIVE_INFINITY, last: 0 };
    for (const { startedAt, endedAt } of await fleet.topology.store.recentJobs('local', {
      since: new Date(0),
      limit: jobs,
    })) {
      times.first = Math.min(times.first, startedAt?.getTime() ?? times.first);
      times.last = Math.max(times.last, endedAt?.getTime() ?? 0);
    }
    const seconds = (times.last - times.first) / 1_000;
    const ideal = (jobs / inFlight) * (modelMs / 1_000);
    console.log(
      `${inFlight} in flight, model ${modelMs} ms: ${jobs} jobs in ${seconds.toFixed(1)} s, ideal ${ideal} s`,
    );
    return { ratio: ideal / seconds, lagMs: Math.max(...lag), bytesPerJob: (most - before) / inFlight };
  } finally {
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
