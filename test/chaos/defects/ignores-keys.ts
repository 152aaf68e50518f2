import type { Defect } from './defect.ts';

export const ignoresKeys: Defect = {
  name: 'ignores-keys',
  what: 'the idempotency key of a submission is not kept',
  topology: 'fleet',
  faults: ['api-sigkill'],
  seconds: 10,
  caughtBy: ['one job a key'],
  source: {
    module: '/services/api/src/routes/jobs.ts',
    replacements: [{ find: "typeof key === 'string' && key !== '' ? key : null", by: 'null' }],
  },
};
