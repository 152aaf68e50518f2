import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import type { Job } from '@mcp-fleet/core';
import { createPostgresDatabase, openTopology } from '../../test/support/topologies.ts';
import { startProcess } from '../support/start-process.ts';
import { Autoscaler } from './autoscaler.ts';
import type { ScalingRules } from './scaling-rules.ts';
import { WorkerPool } from './worker-pool.ts';

/** What the simulated model has been asked for by one job. */
export interface ModelCalls {
  requests: number;
  replies: string[];
}

/** A fleet whose workers an autoscaler starts and ends; each part is a process of its own. */
export interface SimulatedCluster {
  client: FleetClient;
  autoscaler: Autoscaler;
  pool: WorkerPool;
  job(id: string): Promise<Job>;
  /** The next requests of the model are answered with 503, and a time to wait. */
  refuseCalls(count: number, retryAfterMs: number): Promise<void>;
  modelCalls(): Promise<Record<string, ModelCalls>>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  rules: ScalingRules;
  modelMs: number;
  /** What the reconciler's rounds are divided by. */
  time: number;
}

const reconcileMs = 15_000;

export async function startCluster({ rules, modelMs, time }: ClusterOptions): Promise<SimulatedCluster> {
  const queueUrl = process.env.TEST_REDIS_URL;
  if (!queueUrl || !process.env.TEST_POSTGRES_URL)
    throw new Error('Set TEST_POSTGRES_URL and TEST_REDIS_URL.');
  const folder = await mkdtemp(join(tmpdir(), 'fleet-bench-'));
  const { url, drop } = await createPostgresDatabase();
  const topology = await openTopology(url, queueUrl, drop);
  const [simulator, math] = await Promise.all([
    startProcess(['services/simulator/src/main.ts', '--port', '0', '--latency', String(modelMs)]),
    startProcess(['services/mcp-math/src/main.ts', '--http', '0']),
  ]);
  const config = join(folder, 'fleet.json');
  const mathUrl = `${new URL(math.url).origin}/mcp`;
  await writeFile(config, JSON.stringify({ mcpServers: { math: { url: mathUrl, trusted: true } } }));
  const env = {
    ...topology.env,
    STORE_URL: url,
    QUEUE_LOCK_MS: '30000',
    FLEET_MODEL: 'simulated',
    SIMULATOR_URL: simulator.url,
    FLEET_CONFIG: config,
    WORKER_CONCURRENCY: String(rules.concurrency),
    RECONCILE_EVERY_MS: String(Math.round(reconcileMs / time)),
    LOG_LEVEL: 'info',
  };
  const [api, reconciler] = await Promise.all([
    startProcess(['services/cli/src/main.ts', 'api'], env),
    startProcess(['services/cli/src/main.ts', 'reconciler'], env),
  ]);
  const pool = new WorkerPool(['worker'], env);
  const autoscaler = new Autoscaler(rules, reconciler.url, pool);
  return {
    client: new FleetClient({ url: api.url }),
    autoscaler,
    pool,
    job: async (id) => (await topology.store.job('local', id)) as Job,
    async refuseCalls(count, retryAfterMs) {
      const error = { status: 503, retry_after_ms: retryAfterMs };
      const replies = Array.from({ length: count }, () => ({ error }));
      const body = JSON.stringify({ replies });
      const response = await fetch(`${simulator.url}/__sim/script`, { method: 'POST', body });
      if (!response.ok) throw new Error(`The simulator refused the script: ${await response.text()}`);
    },
    modelCalls: async () =>
      ((await (await fetch(`${simulator.url}/__sim/stats`)).json()) as { by_job: Record<string, ModelCalls> })
        .by_job,
    async stop() {
      await autoscaler.stop();
      await pool.stop();
      await Promise.all([api.stop(), reconciler.stop(), simulator.stop(), math.stop()]);
      await topology.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
