import type { Defect } from './defect.ts';

export const noReconciler: Defect = {
  name: 'no-reconciler',
  what: 'nobody puts back what the queue has lost',
  topology: 'fleet',
  faults: ['redis-flushall'],
  seconds: 10,
  caughtBy: ['one end'],
  source: {
    module: '/services/reconciler/src/reconciler.ts',
    replacements: [
      { find: 'const { store, queue, metrics } = this.#parts;', by: 'if (Date.now() > 0) return 0; $&' },
    ],
  },
};
