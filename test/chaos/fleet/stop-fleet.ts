import { clearInterval, setInterval } from 'node:timers';
import type { ManagedProcess } from './managed-process.ts';
import type { Fleet } from './setup.ts';

/** The fleet's own processes, those that have to end when they are told to. */
export function ownProcesses(fleet: Partial<Fleet>): ManagedProcess[] {
  const workers = fleet.workers?.map((worker) => worker.process) ?? [];
  return [...workers, fleet.reconciler, fleet.api].filter((each) => each !== undefined);
}

/** Everything that the suite has started, backing servers last. */
export function allProcesses(fleet: Partial<Fleet>): ManagedProcess[] {
  const servers = new Set([fleet.queueServer?.process, fleet.storeServer?.process]);
  return [...ownProcesses(fleet), fleet.httpTools, fleet.simulator?.process, ...servers].filter(
    (each) => each !== undefined,
  );
}

/** Asks the fleet's own processes to end; returns the names of those that had to be killed. */
export async function stopOwnProcesses(fleet: Partial<Fleet>): Promise<string[]> {
  const stopped = await Promise.all(
    ownProcesses(fleet).map(async (each) => ((await each.terminate()) ? [] : [each.name])),
  );
  return stopped.flat();
}

/** Ends everything that is left, whatever state it is in. May be called twice. */
export async function stopAll(fleet: Partial<Fleet>): Promise<void> {
  // The event loop stays alive until all are gone, also while nothing else does.
  const alive = setInterval(() => undefined, 1_000);
  await fleet.view?.close();
  await Promise.all(
    [...ownProcesses(fleet), fleet.httpTools, fleet.simulator?.process].map((each) => each?.kill()),
  );
  for (const worker of fleet.workers ?? []) {
    await worker.queueProxy.stop();
    await worker.storeProxy.stop();
  }
  await fleet.queueServer?.process.kill();
  await fleet.storeServer?.process.kill();
  clearInterval(alive);
}
