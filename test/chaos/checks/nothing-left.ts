import type { Check } from './check.ts';

/** Nothing is left in the queue, and nothing of the fleet on the machine. */
export const nothingLeft: Check = {
  name: 'nothing left',
  find({ queue, leftovers }) {
    const inQueue = Object.entries(queue)
      .filter(([, count]) => count > 0)
      .map(([state, count]) => ({
        id: null,
        what: `${count} ${state} in the queue after all jobs had ended`,
      }));
    return [...inQueue, ...leftovers.map((what) => ({ id: null, what }))];
  },
};
