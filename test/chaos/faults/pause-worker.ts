import { queueLockMs } from '../fleet/setup.ts';
import { type Fault, workerNames, workerOf } from './fault.ts';

/** SIGSTOP of a worker for longer than its locks hold, then SIGCONT: it wakes in a world that went on. */
export const pauseWorker: Fault = {
  name: 'worker-sigstop',
  lane: 'workers',
  plan(random) {
    const name = random.pick(workerNames);
    const ms = random.between(queueLockMs + 500, queueLockMs * 4);
    return {
      what: `${name} stopped for ${ms} ms`,
      outdates: name,
      async run(fleet, pause) {
        const { process } = workerOf(fleet, name);
        process.signal('SIGSTOP');
        try {
          await pause(ms);
        } finally {
          process.signal('SIGCONT');
        }
      },
    };
  },
};
