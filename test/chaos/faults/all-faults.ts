import type { TopologyName } from '../options.ts';
import type { Fault } from './fault.ts';
import { killApi, killReconciler } from './kill-role.ts';
import { killWorker } from './kill-worker.ts';
import { modelFaults } from './model.ts';
import { networkFaults } from './network.ts';
import { pauseWorker } from './pause-worker.ts';
import { flushRedis, killRedisClients } from './redis-commands.ts';
import { restartRedis, restartStore } from './restart-server.ts';
import { skewClock } from './skew-clock.ts';
import { terminateWorker } from './terminate-worker.ts';
import { toolFaults } from './tools.ts';

/** Every fault that the suite knows. */
export const allFaults: readonly Fault[] = [
  killWorker,
  terminateWorker,
  pauseWorker,
  skewClock,
  killApi,
  killReconciler,
  restartRedis,
  flushRedis,
  killRedisClients,
  restartStore,
  ...networkFaults,
  ...modelFaults,
  ...toolFaults,
];

/** The faults of a topology, by the beginnings of names that are asked for and left out. Throws when none is left. */
export function chooseFaults(
  topology: TopologyName,
  only: readonly string[],
  without: readonly string[] = [],
): Fault[] {
  const possible = allFaults.filter((fault) => fault.topologies?.includes(topology) ?? true);
  const named = (fault: Fault, names: readonly string[]) => names.some((name) => fault.name.startsWith(name));
  const chosen = possible.filter(
    (fault) => (only.length === 0 || named(fault, only)) && !named(fault, without),
  );
  if (chosen.length > 0) return chosen;
  const names = possible.map((fault) => fault.name).join(', ');
  throw new Error(`No fault of the topology ${topology} is left. There are: ${names}.`);
}
