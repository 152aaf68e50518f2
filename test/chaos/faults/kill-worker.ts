import { startWorker } from '../fleet/start-fleet.ts';
import { type Fault, workerNames, workerOf } from './fault.ts';

/** SIGKILL of a worker, and another start after a while. */
export const killWorker: Fault = {
  name: 'worker-sigkill',
  lane: 'workers',
  plan(random) {
    const name = random.pick(workerNames);
    const downMs = random.between(0, 3_000);
    return {
      what: `${name} killed, back after ${downMs} ms`,
      outdates: null,
      async run(fleet, pause) {
        const worker = workerOf(fleet, name);
        await worker.process.kill();
        await pause(downMs);
        await startWorker(fleet, worker);
      },
    };
  },
};
