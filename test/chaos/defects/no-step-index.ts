import type { Defect } from './defect.ts';

export const noStepIndex: Defect = {
  name: 'no-step-index',
  what: 'positions of steps are not unique, and the fence is not looked at',
  topology: 'postgres',
  faults: ['queue-blackhole', 'worker-sigstop', 'store-delay', 'model-slow'],
  seconds: 40,
  caughtBy: ['unchanged steps'],
  prepare: (fleet) => fleet.view.dropStepUniqueness(),
  source: {
    module: '/packages/store/src/postgres/record-step.ts',
    replacements: [
      {
        find: "FROM fleet.jobs WHERE id = $1 AND epoch = $2 AND state = 'running'",
        by: 'FROM fleet.jobs WHERE id = $1 AND epoch >= $2',
      },
    ],
  },
};
