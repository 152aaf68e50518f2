import type { Check } from './check.ts';

/** A submission that is repeated under its key stays one job, and none is refused. */
export const oneJobPerKey: Check = {
  name: 'one job a key',
  find({ submissions, jobs }) {
    const byKey = Map.groupBy(jobs, (job) => job.idempotencyKey);
    return submissions.flatMap(({ key, jobIds, refused }) => {
      const stored = (byKey.get(key) ?? []).map((job) => job.id);
      const ids = new Set([...jobIds, ...stored]);
      const found: { id: string | null; what: string }[] = [];
      if (ids.size > 1) {
        found.push({
          id: stored[0] ?? null,
          what: `key ${key} stands for ${ids.size} jobs: ${[...ids].join(', ')}`,
        });
      }
      if (refused !== null) found.push({ id: null, what: `submission ${key} was refused: ${refused}` });
      return found;
    });
  },
};
