import { measureHandWritten, measureStock } from './loop-baselines.ts';
import { measureEmbedded, measureServers } from './loop-fleet.ts';
import { measurePlain } from './loop-plain.ts';
import { printLimits } from './support/limits.ts';
import type { Load, Measurement } from './support/load.ts';
import { against, atLeast, atMost, median, type Result, spread, summaryOf } from './support/results.ts';
import { findServers } from './support/servers.ts';
import { startProcess } from './support/start-process.ts';

const stock = 'stock SDKs in a plain process';
const core = "the fleet's own loop in a plain process";
const embedded = 'embedded';
const servers = 'Redis and PostgreSQL';
const strict = 'the same, strict';
const handWritten = 'a BullMQ worker written by hand';

/**
 * Jobs a second of one-tool jobs with a model that answers at once, each contender in turns with the others, and the processor
 * time of its parts. Not measured here: several workers, and models that take their time.
 */
export async function benchLoop(load: Load, rounds: number): Promise<Result[]> {
  const farm = await findServers();
  const [simulator, math] = await Promise.all([
    startProcess(['services/cli/src/main.ts', 'simulate', '--port', '0']),
    startProcess(['services/mcp-math/src/main.ts', '--http', '0']),
  ]);
  const tools = `${new URL(math.url).origin}/mcp`;
  const contenders = new Map<string, () => Promise<Measurement>>([
    [stock, () => measureStock(load, simulator.url, tools)],
    [core, () => measurePlain(load, simulator.url, tools)],
    [embedded, () => measureEmbedded(load, simulator.url, tools)],
  ]);
  if (farm) {
    contenders.set(servers, () => measureServers(load, simulator.url, tools, farm));
    contenders.set(strict, () => measureServers(load, simulator.url, tools, farm, { DURABILITY: 'strict' }));
    contenders.set(handWritten, () => measureHandWritten(load, simulator.url, tools, farm));
  } else console.log('left out: Redis and PostgreSQL (set TEST_REDIS_URL and TEST_POSTGRES_URL)');
  await printLimits(simulator.url, tools);
  const runs = new Map<string, Measurement[]>();
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, measure] of contenders) runs.set(name, [...(runs.get(name) ?? []), await measure()]);
    }
  } finally {
    await Promise.all([simulator.stop(), math.stop()]);
  }
  return resultsOf(load, runs);
}

function resultsOf(load: Load, runs: Map<string, Measurement[]>): Result[] {
  const rates = new Map(
    [...runs].map(([name, all]) => [name, all.map(({ seconds }) => load.jobs / seconds)]),
  );
  const cpus = new Map(
    [...runs].map(([name, all]) => [name, all.map(({ cpu }) => (ownCpu(cpu) / load.jobs) * 1_000)]),
  );
  for (const [name, seen] of rates) {
    const parts = Object.keys(runs.get(name)?.[0]?.cpu ?? {}).map((part) => {
      const each = (runs.get(name) ?? []).map(({ cpu }) => ((cpu[part] ?? 0) / load.jobs) * 1_000);
      return `${part} ${median(each).toFixed(2)}`;
    });
    console.log(
      `${name}: ${median(seen).toFixed(0)} jobs a second (${spread(seen)}); processor seconds for 1,000 jobs: ${parts.join(', ')}`,
    );
  }
  const at = `loop at ${load.concurrency}`;
  const ratio = (
    of: Map<string, number[]>,
    [what, name, base]: [what: string, name: string, base: string],
    target: Result['target'],
  ): Result[] => {
    const ratios = against(of.get(name) ?? [], of.get(base) ?? []);
    if (ratios.length === 0 || ratios.some(Number.isNaN)) return [];
    return [{ name: `${at}: ${what} against ${base}`, unit: 'times', target, ...summaryOf(ratios) }];
  };
  return [
    ...ratio(rates, [servers, servers, stock], atLeast(0.9)),
    ...ratio(rates, ['strict', strict, stock], atLeast(0.75)),
    ...ratio(rates, [servers, servers, handWritten], atLeast(1)),
    ...ratio(rates, [embedded, embedded, stock], atLeast(0.35)),
    ...ratio(rates, [core, core, stock], null),
    ...ratio(cpus, [`processor time, ${servers}`, servers, stock], atMost(1.2)),
    ...ratio(cpus, [`processor time, ${servers}`, servers, handWritten], null),
    ...ratio(cpus, [`processor time, ${embedded}`, embedded, stock], null),
  ];
}

/** Of the contender's own parts; whoever submits its jobs is left out. */
const ownCpu = ({ producer: _, ...parts }: Record<string, number>): number =>
  Object.values(parts).reduce((sum, seconds) => sum + seconds, 0);
