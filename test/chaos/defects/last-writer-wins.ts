import type { Defect } from './defect.ts';

export const lastWriterWins: Defect = {
  name: 'last-writer-wins',
  what: 'a step replaces the one that stands at its position, and the fence is not looked at',
  topology: 'fleet',
  faults: ['queue-blackhole', 'worker-sigstop', 'store-delay', 'model-slow'],
  seconds: 40,
  caughtBy: ['unchanged steps'],
  source: {
    module: '/packages/store/src/mongo/record-step.ts',
    replacements: [
      { find: "if (!(await holds(database, fence))) return { kind: 'superseded' };", by: '' },
      {
        find: 'database.steps.insertOne(doc, durable ? flushed : lazy)',
        by: 'database.steps.replaceOne({ _id: doc._id }, doc, { upsert: true, ...(durable ? flushed : lazy) })',
      },
    ],
  },
};
