import type { Defect } from './defect.ts';

export const noClaim: Defect = {
  name: 'no-claim',
  what: 'an unsafe call is sent without being claimed first',
  topology: 'fleet',
  faults: ['worker-sigkill', 'tools-hang'],
  seconds: 25,
  caughtBy: ['unsafe once'],
  source: {
    module: '/packages/core/src/call-tools.ts',
    replacements: [
      {
        find: 'if (toClaim.length === 0) return held;',
        by: 'for (const { call } of toClaim) held.add(call.slot); return held;',
      },
    ],
  },
};
