import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import {
  createPostgresDatabase,
  openTopology,
  type TestTopology,
  topologies,
} from '../../test/support/topologies.ts';
import { type StartedProcess, startProcess } from './start-process.ts';

/** A fleet of processes on Redis and PostgreSQL, with a simulator and a tool server of its own. */
export interface BenchFleet {
  client: FleetClient;
  topology: TestTopology;
  env: Record<string, string>;
  startWorker(env?: Record<string, string>): Promise<StartedProcess>;
  stop(): Promise<void>;
}

const main = 'services/cli/src/main.ts';

export async function openRedisAndPostgres(): Promise<TestTopology> {
  const { TEST_REDIS_URL: redis, TEST_POSTGRES_URL: postgres } = process.env;
  if (!redis || !postgres) throw new Error('Set TEST_REDIS_URL and TEST_POSTGRES_URL.');
  const database = await createPostgresDatabase();
  return openTopology(database.url, redis, () => database.drop());
}

/** Null where there is no server for it. */
export async function openRedisAndMongo(): Promise<TestTopology | null> {
  if (!process.env.TEST_MONGO_URL) return null;
  return (await topologies.find(({ needs }) => needs.includes('mongo'))?.open()) ?? null;
}

export async function startBenchFleet(options: {
  modelMs?: number;
  agents?: Record<string, unknown>;
  env?: Record<string, string>;
}): Promise<BenchFleet> {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-bench-'));
  const topology = await openRedisAndPostgres();
  const latency = ['--latency', String(options.modelMs ?? 0)];
  const [simulator, math] = await Promise.all([
    startProcess(['services/simulator/src/main.ts', '--port', '0', ...latency]),
    startProcess(['services/mcp-math/src/main.ts', '--http', '0']),
  ]);
  const config = join(folder, 'fleet.json');
  const mathUrl = `${new URL(math.url).origin}/mcp`;
  const mcpServers = { math: { url: mathUrl, trusted: true } };
  await writeFile(config, JSON.stringify({ mcpServers, agents: options.agents ?? {} }));
  const env = {
    ...topology.env,
    QUEUE_LOCK_MS: '30000',
    FLEET_MODEL: 'simulated',
    SIMULATOR_URL: simulator.url,
    FLEET_CONFIG: config,
    ...options.env,
  };
  const api = await startProcess([main, 'api'], env);
  const started: StartedProcess[] = [];
  return {
    client: new FleetClient({ url: api.url }),
    topology,
    env,
    async startWorker(more = {}) {
      const worker = await startProcess([main, 'worker'], { ...env, ...more });
      started.push(worker);
      return worker;
    },
    async stop() {
      await Promise.all([...started, api].map((process) => process.stop()));
      await Promise.all([simulator.stop(), math.stop()]);
      await topology.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
