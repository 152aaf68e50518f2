import type { Defect } from './defect.ts';

export const takesEnded: Defect = {
  name: 'takes-ended',
  what: 'a job that has ended is run again when it is delivered again',
  topology: 'fleet',
  faults: ['queue-blackhole', 'redis-restart'],
  seconds: 30,
  caughtBy: ['one end'],
  source: {
    module: '/packages/store/src/mongo/take.ts',
    replacements: [
      { find: 'if (isTerminal(job.state)) {', by: 'if (isTerminal(job.state) && job.session_id !== null) {' },
    ],
  },
};
