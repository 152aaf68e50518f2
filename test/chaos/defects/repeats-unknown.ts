import type { Defect } from './defect.ts';

export const repeatsUnknown: Defect = {
  name: 'repeats-unknown',
  what: 'an unsafe call with an unknown outcome is sent again, whatever its policy says',
  topology: 'fleet',
  faults: ['worker-sigkill', 'tools-hang'],
  seconds: 25,
  caughtBy: ['unsafe once'],
  source: {
    module: '/packages/core/src/call-tools.ts',
    replacements: [
      {
        find: "planned.unknown && planned.policy === 'retry'",
        by: 'planned.unknown',
      },
    ],
  },
};
