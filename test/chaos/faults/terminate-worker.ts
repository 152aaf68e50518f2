import { startWorker } from '../fleet/start-fleet.ts';
import { type Fault, workerNames, workerOf } from './fault.ts';

/** SIGTERM of a worker, as in a rolling deploy, and its successor's start. */
export const terminateWorker: Fault = {
  name: 'worker-sigterm',
  lane: 'workers',
  plan(random) {
    const name = random.pick(workerNames);
    return {
      what: `${name} told to end and started again`,
      outdates: null,
      async run(fleet) {
        const worker = workerOf(fleet, name);
        await worker.process.terminate();
        await startWorker(fleet, worker);
      },
    };
  },
};
