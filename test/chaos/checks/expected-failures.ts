import type { Check } from './check.ts';

/** Codes with which a job may end when too much goes wrong at one place; each is a limit that was reached. */
const limitsReached = ['retries_exhausted', 'poisoned'];

/** A job fails for reaching a limit, and for nothing else that faults of the suite could bring about. */
export const expectedFailures: Check = {
  name: 'typed failures',
  find: ({ jobs }) =>
    jobs.flatMap((job) => {
      if (job.state === 'canceled' || job.state === 'expired') {
        return [{ id: job.id, what: `is ${job.state}, though nobody asked for that` }];
      }
      if (job.state !== 'failed') return [];
      const { code, message } = JSON.parse(job.error ?? '{}') as { code?: string; message?: string };
      if (limitsReached.includes(code ?? '')) return [];
      return [{ id: job.id, what: `failed with ${code}: ${message}` }];
    }),
};
