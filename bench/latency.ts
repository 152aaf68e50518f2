import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import { startBenchFleet } from './support/bench-fleet.ts';
import { atMost, quantile, type Result } from './support/results.ts';
import { startProcess } from './support/start-process.ts';

/**
 * One one-tool job at a time: the time from its acceptance to its end, by the store's clock, that was spent neither in the
 * model nor in the tool. Not measured here: the way of the answer to whoever waits for it.
 */
export async function benchLatency({ jobs }: { jobs: number }): Promise<Result[]> {
  const byDefault = await onServers(jobs, {});
  const strict = await onServers(jobs, { DURABILITY: 'strict' });
  const embedded = await inOneProcess(jobs);
  const ms = (name: string, values: number[], q: number, target: Result['target']): Result => ({
    ...{ name: `latency: ${name}, p${q * 100}`, value: quantile(values, q), unit: 'ms', target },
  });
  return [
    ms('Redis and PostgreSQL', byDefault, 0.5, atMost(3)),
    ms('Redis and PostgreSQL', byDefault, 0.95, null),
    ms('Redis and PostgreSQL', byDefault, 0.99, atMost(15)),
    ms('the same, strict', strict, 0.5, null),
    ms('the same, strict', strict, 0.99, null),
    ms('embedded', embedded, 0.5, atMost(12)),
    ms('embedded', embedded, 0.99, null),
  ];
}

async function onServers(jobs: number, env: Record<string, string>): Promise<number[]> {
  const fleet = await startBenchFleet({ env });
  try {
    await fleet.startWorker();
    return await overheads(fleet.client, jobs);
  } finally {
    await fleet.stop();
  }
}

async function inOneProcess(jobs: number): Promise<number[]> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-bench-'));
  const [simulator, math] = await Promise.all([
    startProcess(['services/simulator/src/main.ts', '--port', '0']),
    startProcess(['services/mcp-math/src/main.ts', '--http', '0']),
  ]);
  const config = join(folder, 'fleet.json');
  const url = `${new URL(math.url).origin}/mcp`;
  await writeFile(config, JSON.stringify({ mcpServers: { math: { url, trusted: true } } }));
  const args = ['services/cli/src/main.ts', 'up', '--port', '0', '--data', join(folder, 'data')];
  const up = await startProcess([...args, '--config', config], { SIMULATOR_URL: simulator.url });
  try {
    return await overheads(new FleetClient({ url: up.url }), jobs);
  } finally {
    await Promise.all([up.stop(), simulator.stop(), math.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
}

/** The first tenth warms up. */
async function overheads(client: FleetClient, jobs: number): Promise<number[]> {
  const values: number[] = [];
  for (let n = 0; n < jobs * 1.1; n += 1) {
    const { id } = await client.jobs.create({ query: `What is ${n} times 7?` });
    const job = await client.jobs.wait(id);
    if (job.state !== 'succeeded') throw new Error(`${id}: ${job.error?.message}`);
    const steps = await client.jobs.steps(id);
    const busyMs = steps.reduce((sum, step) => sum + step.duration_ms, 0);
    values.push(Date.parse(job.ended_at ?? '') - Date.parse(job.created_at) - busyMs);
  }
  return values.slice(-jobs);
}
