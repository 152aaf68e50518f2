import { type Fault, type Lane, lanes, pauseUntil } from './faults/fault.ts';
import type { Fleet } from './fleet/setup.ts';
import type { Random } from './random.ts';

/** A fault that happened. Times are milliseconds since the epoch. */
export interface FaultEntry {
  name: string;
  what: string;
  outdates: string | null;
  from: number;
  to: number;
  /** Set when the fault could not be made, or undone, as it should. */
  failed: string | null;
}

/** Milliseconds between two faults of a lane. */
const gaps: Record<Lane, [number, number]> = {
  workers: [500, 3_000],
  servers: [800, 4_000],
  outside: [400, 2_500],
};

/**
 * Lets faults happen until it is told to stop, drawn from the seed: each lane has a generator of its own, so
 * that the same seed draws the same faults in the same order, however long each takes.
 */
export async function runSchedule(
  fleet: Fleet,
  faults: readonly Fault[],
  random: Random,
  options: { signal: AbortSignal; onFault: (entry: FaultEntry) => void },
): Promise<FaultEntry[]> {
  const happened: FaultEntry[] = [];
  const pause = pauseUntil(options.signal);

  async function runLane(lane: Lane): Promise<void> {
    const own = faults.filter((fault) => fault.lane === lane);
    const chance = random.fork(lane);
    while (own.length > 0) {
      const gap = chance.between(...gaps[lane]);
      const fault = chance.pick(own);
      const planned = fault.plan(chance);
      await pause(gap);
      if (options.signal.aborted) return;
      const { what, outdates } = planned;
      const particulars = { name: fault.name, what, outdates };
      const entry: FaultEntry = { ...particulars, from: Date.now(), to: 0, failed: null };
      happened.push(entry);
      try {
        await planned.run(fleet, pause);
      } catch (thrown) {
        entry.failed = thrown instanceof Error ? thrown.message : String(thrown);
      }
      entry.to = Date.now();
      options.onFault(entry);
    }
  }

  await Promise.all(lanes.map(runLane));
  return happened;
}
