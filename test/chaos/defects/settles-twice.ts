import type { Defect } from './defect.ts';

export const settlesTwice: Defect = {
  name: 'settles-twice',
  what: 'settling compares neither state nor epoch',
  topology: 'fleet',
  faults: ['redis-flushall', 'model-slow'],
  seconds: 20,
  caughtBy: ['one end', 'legal conversations'],
  source: {
    module: '/packages/store/src/mongo/settle.ts',
    replacements: [
      { find: "if (recorded.kind !== 'recorded') return recorded;", by: '' },
      { find: "{ _id: fence.jobId, epoch: fence.epoch, state: 'running' }", by: '{ _id: fence.jobId }' },
    ],
  },
};
