import type { Defect } from './defect.ts';

export const newestFirst: Defect = {
  name: 'newest-first',
  what: 'a session passes to the job that was accepted last',
  topology: 'fleet',
  faults: ['model-429'],
  seconds: 15,
  caughtBy: ['session order'],
  source: {
    module: '/packages/store/src/mongo/pass-session.ts',
    replacements: [{ find: 'sort: { seq: 1 }', by: 'sort: { seq: -1 }' }],
  },
};
