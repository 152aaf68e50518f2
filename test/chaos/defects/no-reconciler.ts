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
    replacements: [{ find: 'of this.#repairs) {', by: 'of this.#repairs.slice(0, 0)) {' }],
  },
};
