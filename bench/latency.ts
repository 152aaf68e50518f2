import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Anthropic from '@anthropic-ai/sdk';
import { FleetClient } from '@mcp-fleet/client';
import { openStockLoop, type StockLoop } from './baselines/stock-loop.ts';
import { type BenchFleet, startBenchFleet } from './support/bench-fleet.ts';
import { atMost, median, quantile, type Result, rangeOf } from './support/results.ts';
import { type StartedProcess, startProcess } from './support/start-process.ts';

const main = 'services/cli/src/main.ts';

/** What answers one job at a time. */
interface Contender {
  name: string;
  targets: { p50: Result['target']; p99: Result['target'] };
  client: FleetClient;
  overheads: number[];
  stop(): Promise<void>;
}

/**
 * One one-tool job at a time, by each contender in turns with the loop of stock SDKs: the time from its acceptance to its end, by
 * the store's clock, that was spent neither in the model nor in the tool. Not measured here: the way of the answer to whoever
 * waits for it.
 */
export async function benchLatency({ jobs }: { jobs: number }): Promise<Result[]> {
  const [simulator, math] = await Promise.all([
    startProcess(['services/simulator/src/main.ts', '--port', '0']),
    startProcess(['services/mcp-math/src/main.ts', '--http', '0']),
  ]);
  const stock = await openStockLoop(simulator.url, `${new URL(math.url).origin}/mcp`);
  const stockMs: number[] = [];
  const contenders: Contender[] = [];
  try {
    contenders.push(await onServers('Redis and PostgreSQL', {}, { p50: atMost(3), p99: atMost(15) }));
    contenders.push(await onServers('the same, strict', { DURABILITY: 'strict' }, { p50: null, p99: null }));
    contenders.push(await inOneProcess(simulator, math));
    // The first tenth warms up.
    for (let n = -jobs / 10; n < jobs; n += 1) {
      const query = `What is ${n + jobs} times 7?`;
      const alone = await timeOf(stock, query);
      if (n >= 0) stockMs.push(alone);
      for (const { client, overheads } of contenders) {
        const ms = await overheadOf(client, query);
        if (n >= 0) overheads.push(ms);
      }
    }
  } finally {
    await Promise.all(contenders.map(({ stop }) => stop()));
    await stock.close();
    await Promise.all([simulator.stop(), math.stop()]);
  }
  console.log(
    `the whole of such a job by stock SDKs: ${median(stockMs).toFixed(1)} ms, ${quantile(stockMs, 0.99).toFixed(1)} ms at p99`,
  );
  return contenders.flatMap(({ name, overheads, targets }) =>
    ([50, 95, 99] as const).map((percent) => ({
      name: `latency: ${name}, p${percent}`,
      value: quantile(overheads, percent / 100),
      unit: 'ms',
      target: percent === 95 ? null : targets[`p${percent}`],
      range: rangeOf(overheads),
    })),
  );
}

async function timeOf(stock: StockLoop, query: string): Promise<number> {
  const messages: Anthropic.MessageParam[] = [];
  const begun = performance.now();
  await stock.run(messages, query);
  return performance.now() - begun;
}

async function overheadOf(client: FleetClient, query: string): Promise<number> {
  const { id } = await client.jobs.create({ query });
  const job = await client.jobs.wait(id);
  if (job.state !== 'succeeded') throw new Error(`${id}: ${job.error?.message}`);
  const steps = await client.jobs.steps(id);
  const busyMs = steps.reduce((sum, step) => sum + step.duration_ms, 0);
  return Date.parse(job.ended_at ?? '') - Date.parse(job.created_at) - busyMs;
}

async function onServers(
  name: string,
  env: Record<string, string>,
  targets: Contender['targets'],
): Promise<Contender> {
  const fleet: BenchFleet = await startBenchFleet({ env });
  await fleet.startWorker();
  return { name, targets, client: fleet.client, overheads: [], stop: () => fleet.stop() };
}

async function inOneProcess(simulator: StartedProcess, math: StartedProcess): Promise<Contender> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-bench-'));
  const config = join(folder, 'fleet.json');
  const url = `${new URL(math.url).origin}/mcp`;
  await writeFile(config, JSON.stringify({ mcpServers: { math: { url, trusted: true } } }));
  const args = [main, 'up', '--port', '0', '--data', join(folder, 'data'), '--config', config];
  const up = await startProcess(args, { SIMULATOR_URL: simulator.url });
  return {
    ...{ name: 'embedded', targets: { p50: atMost(12), p99: null } },
    ...{ client: new FleetClient({ url: up.url }), overheads: [] },
    async stop() {
      await up.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
