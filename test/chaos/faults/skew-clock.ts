import type { Fleet, FleetWorker } from '../fleet/setup.ts';
import { startWorker } from '../fleet/start-fleet.ts';
import { type Fault, workerNames, workerOf } from './fault.ts';

const skewMs = 5 * 60_000;

/**
 * A worker whose clock is five minutes fast or slow for a while. A queue on PostgreSQL goes by its workers'
 * clocks; there the worker has to refuse to start.
 */
export const skewClock: Fault = {
  name: 'clock-skew',
  lane: 'workers',
  plan(random) {
    const name = random.pick(workerNames);
    const shift = random.pick([-skewMs, skewMs]);
    const ms = random.between(4_000, 10_000);
    return {
      what: `${name} runs ${shift / 60_000} minutes ${shift > 0 ? 'fast' : 'slow'} for ${ms} ms`,
      outdates: null,
      async run(fleet, pause) {
        const worker = workerOf(fleet, name);
        worker.clockShiftMs = shift;
        try {
          await worker.process.terminate();
          if (fleet.topology === 'postgres') await refusedStart(fleet, worker);
          else await startWorker(fleet, worker);
          await pause(ms);
        } finally {
          worker.clockShiftMs = 0;
          await worker.process.terminate();
          await startWorker(fleet, worker);
        }
      },
    };
  },
};

async function refusedStart(fleet: Fleet, worker: FleetWorker): Promise<void> {
  const refusal = await startWorker(fleet, worker).then(
    () => null,
    (thrown: Error) => thrown.message,
  );
  if (refusal === null) throw new Error(`${worker.name} runs with a wrong clock on a queue that goes by it`);
  if (!refusal.includes("This machine's clock is")) throw new Error(refusal);
}
