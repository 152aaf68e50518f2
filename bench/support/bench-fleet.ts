import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { FleetClient } from '@mcp-fleet/client';
import { type AgentSpec, plainJob } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import pg from 'pg';
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

/** Jobs that come past the api, so that nothing but their run is measured. */
export async function addJobs(
  { topology }: BenchFleet,
  queries: readonly string[],
  agent: AgentSpec,
): Promise<void> {
  for (let at = 0; at < queries.length; at += page) {
    const jobs = queries.slice(at, at + page).map((text) => ({
      ...{ ...plainJob, id: newId('job'), tenant: 'local', sessionId: null, agent },
      query: [{ type: 'text', text }],
    }));
    await topology.store.acceptMany(jobs);
    await topology.queue.addMany(jobs.map(({ id }) => ({ jobId: id })));
  }
}

const page = 5_000;
const lookEveryMs = 200;

/** Looks at the jobs of a fleet from outside, by statements that cost little. */
export interface JobLooks {
  /** How many have succeeded. */
  ended(): Promise<number>;
  /** Waits until so many have, and calls `meanwhile` at each look. */
  reach(count: number, meanwhile?: () => void): Promise<void>;
  /** When they ended, in order, in seconds. */
  endTimes(): Promise<number[]>;
  /** Milliseconds from the beginning of each job that ended within so many seconds to its end. */
  runTimes(seconds: number): Promise<number[]>;
  stop(): Promise<void>;
}

export async function lookAtJobs({ env }: BenchFleet): Promise<JobLooks> {
  const client = new pg.Client({ connectionString: env.STORE_URL });
  await client.connect();
  const column = async (sql: string, values: unknown[] = []) => {
    const { rows } = await client.query<{ value: string }>(sql, values);
    return rows.map(({ value }) => Number(value));
  };
  const succeeded = `FROM fleet.jobs WHERE state = 'succeeded'`;
  const ended = async () => (await column(`SELECT count(*) AS value ${succeeded}`))[0] ?? 0;
  return {
    ended,
    async reach(count, meanwhile) {
      while ((await ended()) < count) {
        meanwhile?.();
        await setTimeout(lookEveryMs);
      }
    },
    endTimes: () => column(`SELECT extract(epoch FROM ended_at) AS value ${succeeded} ORDER BY ended_at`),
    runTimes: (seconds) =>
      column(
        `SELECT extract(epoch FROM ended_at - started_at) * 1000 AS value ${succeeded}
         AND ended_at > now() - make_interval(secs => $1)`,
        [seconds],
      ),
    stop: () => client.end(),
  };
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
