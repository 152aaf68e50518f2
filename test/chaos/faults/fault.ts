import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet, FleetWorker } from '../fleet/setup.ts';
import type { TopologyName } from '../options.ts';
import type { Random } from '../random.ts';

/** Faults of one lane happen one after the other; those of different lanes meet. */
export const lanes = ['workers', 'servers', 'outside'] as const;
export type Lane = (typeof lanes)[number];

/** A kind of fault. */
export interface Fault {
  name: string;
  lane: Lane;
  /** Topologies in which it can happen; absent means all. */
  topologies?: TopologyName[];
  /** True when the database server itself crashes, so that lazily flushed writes may be lost. */
  crashesStore?: true;
  /** Draws the particulars. */
  plan(random: Random): PlannedFault;
}

/** One fault that is going to happen. */
export interface PlannedFault {
  /** Its particulars, for the log. */
  what: string;
  /**
   * The worker that it leaves alive with an outdated view of the world, which may then ask once more for
   * what another has recorded; `all`, or null for a fault that leaves none.
   */
  outdates: string | null;
  /** Makes it happen, and undoes it again, also when `pause` is cut short. */
  run(fleet: Fleet, pause: Pause): Promise<void>;
}

/** Waits; cut short when the run ends. */
export type Pause = (ms: number) => Promise<void>;

/** A pause that a signal cuts short. */
export function pauseUntil(signal: AbortSignal): Pause {
  return async (ms) => {
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  };
}

export const workerNames = ['worker-1', 'worker-2', 'worker-3'] as const;

/** The worker of a name. */
export function workerOf(fleet: Fleet, name: string): FleetWorker {
  const worker = fleet.workers.find((each) => each.name === name);
  if (worker === undefined) throw new Error(`There is no worker ${name}.`);
  return worker;
}
