import { cpus } from 'node:os';
import { measureEmbedded, measureServers, type ServerFarm } from './loop-fleet.ts';
import { measurePlain } from './loop-plain.ts';
import type { Load, Measurement } from './support/load.ts';
import { startProcess } from './support/start-process.ts';

/**
 * Jobs per second of one-tool jobs with a model that answers at once: the loop alone, the embedded fleet, and
 * one worker on Redis and PostgreSQL. Not measured here: several workers, latency, strict durability.
 */
export async function benchLoop(load: Load, rounds: number): Promise<void> {
  const servers = serverFarm();
  const simulator = await startProcess(['services/cli/src/main.ts', 'simulate', '--port', '0']);
  const math = await startProcess(['services/mcp-math/src/main.ts', '--http', '0']);
  const toolsUrl = math.url.endsWith('/mcp') ? math.url : `${math.url}/mcp`;
  try {
    console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`);
    console.log(
      `${load.jobs} jobs, ${load.sessions} sessions, concurrency ${load.concurrency}, ${rounds} rounds, alternated\n`,
    );
    const contenders: [string, () => Promise<Measurement>][] = [
      ['loop alone', () => measurePlain(load, simulator.url, toolsUrl)],
      ['embedded', () => measureEmbedded(load, simulator.url, toolsUrl)],
    ];
    if (servers)
      contenders.push(['Redis + PostgreSQL', () => measureServers(load, simulator.url, toolsUrl, servers)]);
    const results = new Map<string, Measurement[]>();
    for (let round = 0; round < rounds; round += 1) {
      for (const [name, measure] of contenders)
        results.set(name, [...(results.get(name) ?? []), await measure()]);
    }
    report(load, results);
    if (!servers)
      console.log(
        '\nleft out: Redis + PostgreSQL (set BENCH_REDIS_URL, BENCH_POSTGRES_URL, BENCH_REDIS_PID, BENCH_POSTGRES_PID)',
      );
  } finally {
    await Promise.all([simulator.stop(), math.stop()]);
  }
}

function serverFarm(): ServerFarm | null {
  const { BENCH_REDIS_URL, BENCH_POSTGRES_URL, BENCH_REDIS_PID, BENCH_POSTGRES_PID } = process.env;
  if (!BENCH_REDIS_URL || !BENCH_POSTGRES_URL || !BENCH_REDIS_PID || !BENCH_POSTGRES_PID) return null;
  return {
    redisUrl: BENCH_REDIS_URL,
    postgresUrl: BENCH_POSTGRES_URL,
    redisPid: Number(BENCH_REDIS_PID),
    postgresPid: Number(BENCH_POSTGRES_PID),
  };
}

function report(load: Load, results: Map<string, Measurement[]>): void {
  const plain = median((results.get('loop alone') ?? []).map((run) => load.jobs / run.seconds));
  for (const [name, runs] of results) {
    const rates = runs.map((run) => load.jobs / run.seconds);
    const spread = `${Math.min(...rates).toFixed(0)}–${Math.max(...rates).toFixed(0)}`;
    const rate = median(rates);
    console.log(
      `${name}: ${rate.toFixed(0)} jobs/s (${spread}), ${(rate / plain).toFixed(2)} of the loop alone`,
    );
    for (const process of Object.keys(runs[0]?.cpu ?? {})) {
      const cpu = median(runs.map((run) => run.cpu[process] ?? 0));
      console.log(`  CPU ${process}: ${((cpu / load.jobs) * 1000).toFixed(2)} s per 1,000 jobs`);
    }
    const trips = runs.flatMap((run) => run.storeTrips ?? []);
    const commands = runs.flatMap((run) => run.queueCommands ?? []);
    if (trips.length > 0) console.log(`  store round trips per job: ${median(trips).toFixed(2)}`);
    if (commands.length > 0) console.log(`  queue commands per job: ${median(commands).toFixed(2)}`);
  }
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
