import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentSpec, isTerminal, type Job, type NewJob, plainJob } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { afterEach, beforeEach } from 'vitest';
import { type CountingServer, startCountingServer } from './counting-server.ts';
import { type FleetProcess, startFleetProcess } from './fleet-process.ts';
import { startTestSimulator, type TestSimulator } from './simulator-control.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import type { TestTopology } from './topologies.ts';
import { until } from './until.ts';

/** A fleet of real processes for one test: its store and its queue are each reached through a proxy. */
export interface FleetUnderTest {
  topology: TestTopology;
  queueProxy: TcpProxy;
  /** The environment of its processes. */
  env: Record<string, string>;
  tools: CountingServer;
  simulator: TestSimulator;
  /** Starts a process that is killed with the test. */
  start(role: 'worker' | 'api' | 'reconciler', env?: Record<string, string>): Promise<FleetProcess>;
  /** Adds a server to the configuration of the processes that are started from then on. */
  addServer(name: string, entry: object): Promise<void>;
  /** Accepts a job whose model plays these replies, and puts its id into the queue. */
  submit(replies: unknown[], text?: string, over?: Partial<NewJob>): Promise<string>;
  job(id: string): Promise<Job>;
  ended(id: string): Promise<Job>;
  /** Resolves when the queue holds no id any more. */
  queueEmpty(): Promise<unknown>;
}

const agent = agentSpec.parse({ model: 'simulated' });
const tenant = 'local';

/** A fleet for each test of the suite, gone after it. Call the result inside a test. */
export function useFleet(open: () => Promise<TestTopology>): () => FleetUnderTest {
  let fleet: FleetUnderTest;
  let stop: () => Promise<void>;
  beforeEach(async () => {
    ({ fleet, stop } = await makeFleet(open));
  });
  afterEach(() => stop());
  return () => fleet;
}

async function makeFleet(open: () => Promise<TestTopology>) {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-test-'));
  const config = join(folder, 'fleet.json');
  const [tools, simulator, topology] = await Promise.all([
    startCountingServer(),
    startTestSimulator(),
    open(),
  ]);
  const target = new URL(topology.env.QUEUE_URL as string);
  const queueProxy = await startTcpProxy(target.hostname, Number(target.port));
  target.port = String(queueProxy.port);
  const env = {
    ...topology.env,
    QUEUE_URL: target.href,
    SIMULATOR_URL: simulator.url,
    FLEET_MODEL: 'simulated',
  };
  const running: FleetProcess[] = [];
  const servers: Record<string, object> = {};
  const { store, queue } = topology;

  const fleet: FleetUnderTest = {
    topology,
    queueProxy,
    env,
    tools,
    simulator,
    async start(role, over = {}) {
      const args = role === 'reconciler' ? [role] : [role, '--config', config];
      const process = await startFleetProcess(args, { ...env, ...over });
      running.push(process);
      return process;
    },
    async addServer(name, entry) {
      servers[name] = entry;
      await writeFile(config, JSON.stringify({ mcpServers: servers }));
    },
    async submit(replies, text = 'add', over = {}) {
      const id = newId('job');
      await simulator.script(replies, id);
      const query = [{ type: 'text', text }];
      const job = { id, tenant, sessionId: null, agent, query };
      await store.accept({ ...plainJob, ...job, ...over });
      await queue.add(id);
      return id;
    },
    job: async (id) => (await store.job(tenant, id)) as Job,
    ended: (id) =>
      until(`the end of ${id}`, async () => {
        const job = await store.job(tenant, id);
        return job && isTerminal(job.state) ? job : null;
      }),
    queueEmpty: () =>
      until('the empty queue', async () => {
        const { waiting, active, delayed } = await queue.counts();
        return waiting + active + delayed === 0;
      }),
  };
  await fleet.addServer('counting', { url: tools.url, tools: { add: { safety: 'read_only' } } });

  async function stop() {
    await Promise.all(running.map((process) => process.kill('SIGKILL')));
    await Promise.all([tools.stop(), simulator.stop()]);
    await queueProxy.stop();
    await topology.stop();
    await rm(folder, { recursive: true, force: true });
  }
  return { fleet, stop };
}

/** The process's log lines, which all have to be JSON. */
export function logLines(process: FleetProcess): Record<string, unknown>[] {
  return process
    .log()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
