import type { Defect } from './defect.ts';

export const acceptsBeforeStoring: Defect = {
  name: 'accepts-before-storing',
  what: 'a job is accepted half a second before it is in the store',
  topology: 'fleet',
  faults: ['api-sigkill'],
  seconds: 20,
  caughtBy: ['one end', 'one job a key'],
  source: {
    module: '/packages/store/src/mongo/accept.ts',
    replacements: [
      {
        find: 'await database.jobs.insertOne(doc, flushed);',
        by: 'setTimeout(() => void database.jobs.insertOne(doc, flushed).catch(() => undefined), 500);',
      },
    ],
  },
};
