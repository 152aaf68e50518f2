import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from '../test/support/until.ts';
import { startBenchFleet } from './support/bench-fleet.ts';
import { atMost, type Result, spread, summaryOf } from './support/results.ts';

const main = 'services/cli/src/main.ts';

/** From the start of a process to what it is started for. */
export async function benchStart({ rounds }: { rounds: number }): Promise<Result[]> {
  const [bare, cold, warm, firstJob]: number[][] = [[], [], [], []];
  for (let round = 0; round < rounds; round += 1) {
    bare?.push(await untilLine(['-e', 'console.log("ready")'], {}));
    const folder = await mkdtemp(join(tmpdir(), 'fleet-bench-'));
    const up = [main, 'up', '--port', '0', '--data', join(folder, 'data')];
    cold?.push(await untilLine(up, {}));
    warm?.push(await untilLine(up, {}));
    await rm(folder, { recursive: true, force: true });
    firstJob?.push(await fromWorkerToJob());
  }
  const seconds = (name: string, values: number[] = [], target: Result['target']): Result => {
    console.log(`${name}: ${spread(values)} s`);
    return { name: `start: ${name}`, unit: 's', target, ...summaryOf(values) };
  };
  return [
    seconds('Node alone', bare, null),
    seconds('fleet up, an empty folder', cold, atMost(4)),
    seconds('fleet up again', warm, atMost(1.5)),
    seconds('fleet worker, to the end of a job that waits', firstJob, atMost(1)),
  ];
}

/** Seconds until a program says that it is ready; it is ended then. */
async function untilLine(args: string[], env: Record<string, string>): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('ready')) break;
  const seconds = (performance.now() - begun) / 1_000;
  child.kill('SIGTERM');
  await exited;
  return seconds;
}

async function fromWorkerToJob(): Promise<number> {
  const fleet = await startBenchFleet({});
  try {
    const { id } = await fleet.client.jobs.create({ query: 'What is 6 times 7?' });
    const begun = performance.now();
    const worker = fleet.startWorker();
    await until('its end', async () => (await fleet.topology.store.job('local', id))?.endedAt);
    const seconds = (performance.now() - begun) / 1_000;
    await worker;
    return seconds;
  } finally {
    await fleet.stop();
  }
}
