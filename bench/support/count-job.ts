import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import { startCountingProxy, type Traffic } from '../../test/support/counting-proxy.ts';
import type { TestTopology } from '../../test/support/topologies.ts';
import { until } from '../../test/support/until.ts';
import { startProcess } from './start-process.ts';

/** What jobs cost on the wire: each number is of one job. */
export interface JobCount {
  store: Traffic;
  queue: Traffic;
}

/** Longer than anything here takes, for what processes do by the clock. */
const never = '600000';

/**
 * One-tool jobs in sessions that have had turns before, submitted to an api and run by a worker: what api and worker ask of
 * the store and the queue from the submission to the end, one after the other or all at once. Nothing waits for the end
 * over the api.
 */
async function countJobs(topology: TestTopology, jobs: number, at: 'once' | 'a time'): Promise<JobCount> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-count-'));
  const [storeUrl, queueUrl] = [new URL(topology.env.STORE_URL ?? ''), new URL(topology.env.QUEUE_URL ?? '')];
  const protocol = storeUrl.protocol.startsWith('mongodb') ? 'mongodb' : 'postgres';
  const store = await startCountingProxy(protocol, storeUrl.hostname, Number(storeUrl.port));
  const queue = await startCountingProxy('redis', queueUrl.hostname, Number(queueUrl.port));
  storeUrl.port = String(store.port);
  queueUrl.port = String(queue.port);
  const [simulator, math] = await Promise.all([
    startProcess(['services/simulator/src/main.ts', '--port', '0']),
    startProcess(['services/mcp-math/src/main.ts', '--http', '0']),
  ]);
  const config = join(folder, 'fleet.json');
  const mathUrl = `${new URL(math.url).origin}/mcp`;
  await writeFile(config, JSON.stringify({ mcpServers: { math: { url: mathUrl, trusted: true } } }));
  const env = {
    ...topology.env,
    STORE_URL: storeUrl.href,
    QUEUE_URL: queueUrl.href,
    QUEUE_LOCK_MS: never,
    NEWS_EVERY_MS: never,
    FLEET_MODEL: 'simulated',
    SIMULATOR_URL: simulator.url,
    FLEET_CONFIG: config,
  };
  const [api, worker] = await Promise.all(
    ['api', 'worker'].map((role) => startProcess(['services/cli/src/main.ts', role], env)),
  );
  try {
    const client = new FleetClient({ url: api?.url ?? '' });
    const ended = async (id: string) => {
      const job = await topology.store.job('local', id);
      if (job?.state === 'failed') throw new Error(`${id}: ${job.error?.message}`);
      return job?.state === 'succeeded';
    };
    const sessions: string[] = [];
    for (let n = 0; n < jobs; n += 1) sessions.push((await client.sessions.create()).id);
    const run = async (session_id: string) => {
      const { id } = await client.jobs.create({ query: 'What is 6 times 7?', session_id });
      await until(`the end of ${id}`, () => ended(id));
    };
    // The first turns open connections, prepare statements and list tools.
    for (const session of sessions) await run(session);
    await quiet();
    store.take();
    queue.take();
    if (at === 'once') await Promise.all(sessions.map(run));
    else {
      for (const session of sessions) {
        await run(session);
        await quiet();
      }
    }
    await quiet();
    return { store: perJob(store.take(), jobs), queue: perJob(queue.take(), jobs) };
  } finally {
    await Promise.all([api, worker, simulator, math].map((process) => process?.stop()));
    await Promise.all([store.stop(), queue.stop()]);
    await rm(folder, { recursive: true, force: true });
  }
}

/** As `countJobs`, on a topology that is opened for it; null where there is no server for that. */
export async function countOn<Opened extends TestTopology | null>(
  open: () => Promise<Opened>,
  jobs: number,
  at: 'once' | 'a time',
): Promise<JobCount | Extract<Opened, null>> {
  const topology = await open();
  if (topology === null) return topology as Extract<Opened, null>;
  try {
    return await countJobs(topology, jobs, at);
  } finally {
    await topology.stop();
  }
}

/** What follows an end, such as the id's way out of the queue, comes without an answer to wait for. */
const quiet = () => new Promise((resolve) => setTimeout(resolve, 50));

function perJob({ requests, sent, received }: Traffic, jobs: number): Traffic {
  const each = Object.entries(requests).map(([name, count]) => [name, count / jobs] as const);
  return {
    requests: Object.fromEntries(each.sort(([, a], [, b]) => b - a)),
    sent: Math.round(sent / jobs),
    received: Math.round(received / jobs),
  };
}

export const sumOf = (requests: Record<string, number>): number =>
  Object.values(requests).reduce((sum, count) => sum + count, 0);
