import { isEnded } from '../observer.ts';
import type { Check } from './check.ts';

/** Invariants 1 and 2: every accepted job is in the store and has ended, once. */
export const oneEnd: Check = {
  name: 'one end',
  find({ submissions, jobs, observations }) {
    const byId = new Map(jobs.map((job) => [job.id, job]));
    const lost = submissions.flatMap(({ jobIds, key }) => {
      const id = jobIds[0];
      if (id === undefined) return [];
      const job = byId.get(id);
      if (job === undefined) return [{ id, what: `accepted as ${key}, but not in the store` }];
      if (isEnded(job)) return [];
      return [
        { id, what: `accepted as ${key}, but still ${job.state} (epoch ${job.epoch}, turn ${job.turn})` },
      ];
    });
    const changed = observations.changes
      .filter(({ what }) => what.startsWith('after its end'))
      .map(({ jobId, what }) => ({ id: jobId, what }));
    return [...lost, ...changed];
  },
};
