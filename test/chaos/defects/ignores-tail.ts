import type { Defect } from './defect.ts';

export const ignoresTail: Defect = {
  name: 'ignores-tail',
  what: 'a job that is taken again starts from its query, not from its record',
  topology: 'fleet',
  faults: ['worker-sigkill', 'model-429'],
  seconds: 15,
  caughtBy: ['no reply twice'],
  source: {
    module: '/packages/core/src/run-job.ts',
    replacements: [{ find: 'take.turns, take.steps, take.claims', by: 'take.turns, [], take.claims' }],
  },
};
