import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { type BackingServer, plainEnvironment } from '../backing/backing-server.ts';
import { safeties } from '../servers/behaviour.ts';
import { ManagedProcess } from './managed-process.ts';
import { type FleetSetup, type FleetWorker, limits, queueLockMs, queueName } from './setup.ts';

const register = './test/chaos/defects/register.ts';

/** A worker, not yet started, and the proxies through which it reaches its servers. */
export async function workerBehindProxies(
  setup: FleetSetup,
  name: string,
  queueServer: BackingServer,
  storeServer: BackingServer,
): Promise<FleetWorker> {
  const queueProxy = await startTcpProxy('127.0.0.1', queueServer.port);
  const storeProxy = await startTcpProxy('127.0.0.1', storeServer.port);
  const process = role(setup, 'worker', name, {
    STORE_URL: storeServer.url(storeProxy.port),
    QUEUE_URL: queueServer.url(queueProxy.port),
    WORKER_CONCURRENCY: '8',
    WORKER_GRACE_MS: '5000',
    DURABILITY: setup.durability,
  });
  return { name, process, queueProxy, storeProxy, clockShiftMs: 0 };
}

/** A process of the fleet, not yet started, with the short timings of the suite. */
export function role(
  setup: FleetSetup,
  service: string,
  name: string,
  env: Record<string, string>,
): ManagedProcess {
  const defect = setup.defect === null ? [] : ['--import', register];
  const ready = async (process: ManagedProcess) => {
    while (!process.log().includes(`"${service} ready"`)) await sleep(50);
  };
  return program(setup, name, [...defect, `services/${service}/src/main.ts`], ready, {
    QUEUE_NAME: queueName,
    // Another run may be beside this one.
    WORKER_PORT: '0',
    RECONCILER_PORT: '0',
    QUEUE_LOCK_MS: String(queueLockMs),
    RECONCILE_EVERY_MS: '1000',
    STARTUP_WAIT_MS: '30000',
    FLEET_CONFIG: join(setup.folder, 'fleet.json'),
    FLEET_MODEL: 'simulated',
    LOG_LEVEL: 'debug',
    ...(setup.defect === null ? {} : { CHAOS_DEFECT: setup.defect }),
    CHAOS_FOLDER: setup.folder,
    ...env,
  });
}

/** Any program of ours, not yet started. */
export function program(
  setup: FleetSetup,
  name: string,
  args: string[],
  ready: (process: ManagedProcess) => Promise<void>,
  env: Record<string, string> = {},
): ManagedProcess {
  return new ManagedProcess({
    name,
    command: process.execPath,
    args,
    env: { ...plainEnvironment(join(setup.folder, 'tmp')), ...env },
    log: join(setup.folder, 'logs', `${name}.log`),
    ready,
  });
}

/** What Node is given to run a tool server. */
export function toolsScript(kind: 'http' | 'stdio', ledger: string, port?: number): string[] {
  const name = kind === 'http' ? 'bank' : 'desk';
  return [`test/chaos/servers/${kind}-tools.ts`, name, ledger, ...(port === undefined ? [] : [String(port)])];
}

/** Writes the fleet's configuration file: the two tool servers, and the agent's limits. */
export function writeConfig(folder: string, toolsUrl: string, ledger: string): void {
  const mcpServers = {
    bank: { url: toolsUrl, tools: safeties },
    desk: { command: process.execPath, args: toolsScript('stdio', ledger), tools: safeties },
  };
  const agents = { default: { limits } };
  writeFileSync(join(folder, 'fleet.json'), JSON.stringify({ mcpServers, agents }, null, 2));
}
