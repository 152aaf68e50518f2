import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openQueueBackend } from '@mcp-fleet/queue';
import { openStore } from '@mcp-fleet/store';
import { freePort, listening } from '../../support/ports.ts';
import { mongoServer } from '../backing/mongo.ts';
import { postgresServer } from '../backing/postgres.ts';
import { redisServer } from '../backing/redis.ts';
import { openLedgers } from '../servers/ledgers.ts';
import { openStoreView } from '../view/store-view.ts';
import type { ManagedProcess } from './managed-process.ts';
import { program, role, toolsScript, workerBehindProxies, writeConfig } from './programs.ts';
import { type Fleet, type FleetSetup, type FleetWorker, queueName } from './setup.ts';
import { startSimulator } from './simulator.ts';

const workerCount = 3;

/**
 * Starts a whole fleet of real processes on servers of its own. `opened` is told the fleet piece by piece, so
 * that whoever called can stop what is there already when the rest fails.
 */
export async function startFleet(setup: FleetSetup, opened: Partial<Fleet>): Promise<Fleet> {
  const { folder, topology } = setup;
  for (const name of ['logs', 'tmp', 'defects']) mkdirSync(join(folder, name));
  const storeServer = topology === 'fleet' ? await mongoServer(folder) : await postgresServer(folder);
  Object.assign(opened, { folder, topology, storeServer, queueName });
  const queueServer = topology === 'fleet' ? await redisServer(folder) : storeServer;
  opened.queueServer = queueServer;
  await migrate(storeServer.url(), queueServer.url());
  const view = openStoreView(topology, storeServer.url());
  const ledgers = openLedgers(folder);
  Object.assign(opened, { view, ledgers });
  opened.simulator = await startSimulator(folder);

  const toolsPort = await freePort();
  const httpTools = program(setup, 'http-tools', toolsScript('http', ledgers.folder, toolsPort), () =>
    listening(toolsPort),
  );
  opened.httpTools = httpTools;
  await httpTools.start();
  writeConfig(folder, `http://127.0.0.1:${toolsPort}/mcp`, ledgers.folder);

  const direct = { STORE_URL: storeServer.url(), QUEUE_URL: queueServer.url() };
  const apiPort = await freePort();
  const api = role(setup, 'api', 'api', { ...direct, API_PORT: String(apiPort) });
  const reconciler = role(setup, 'reconciler', 'reconciler', direct);
  Object.assign(opened, { api, reconciler, workers: [] });
  for (let n = 1; n <= workerCount; n += 1) {
    opened.workers?.push(await workerBehindProxies(setup, `worker-${n}`, queueServer, storeServer));
  }
  const fleet = { ...opened, apiUrl: `http://127.0.0.1:${apiPort}` } as Fleet;
  const starts = await Promise.allSettled([
    api.start(),
    reconciler.start(),
    ...fleet.workers.map((each) => startWorker(fleet, each)),
  ]);
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed) throw failed.reason;
  return fleet;
}

/** Starts a worker's next life, under a name by which the simulator can tell it from its last. */
export async function startWorker(fleet: Fleet, worker: FleetWorker): Promise<void> {
  const shift = worker.clockShiftMs;
  await keepStarting(worker.process, {
    env: {
      SIMULATOR_URL: `${fleet.simulator.url}/as/${worker.name}.${worker.process.life + 1}`,
      ...(shift === 0 ? {} : { CLOCK_SHIFT_MS: String(shift), STARTUP_WAIT_MS: '2000' }),
    },
    ...(shift === 0 ? {} : { args: ['--import', './test/chaos/servers/shift-clock.ts'] }),
  });
}

/** A supervisor: a process that gives up while its servers are away is started again. */
export async function keepStarting(
  process: ManagedProcess,
  change: Parameters<ManagedProcess['start']>[0] = {},
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await process.start(change);
    } catch (thrown) {
      if (tries === 3) throw thrown;
      await process.kill();
      await sleep(500);
    }
  }
}

async function migrate(storeUrl: string, queueUrl: string): Promise<void> {
  const store = await openStore(storeUrl);
  const backend = openQueueBackend(queueUrl, { queueName });
  try {
    await store.migrate();
    await backend.migrate();
  } finally {
    await backend.close();
    await store.close();
  }
}
