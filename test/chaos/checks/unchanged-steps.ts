import { link, stepKey } from '../observer.ts';
import type { Check } from './check.ts';

/** Invariant 3: the bytes of a recorded step never change, and a position is written once. */
export const unchangedSteps: Check = {
  name: 'unchanged steps',
  find({ steps, observations }) {
    const found: { id: string; what: string }[] = [];
    const byKey = Map.groupBy(steps, stepKey);
    for (const [key, rows] of byKey) {
      if (rows.length > 1)
        found.push({ id: rows[0]?.jobId as string, what: `${key} is there ${rows.length} times` });
    }
    for (const [jobId, { keys, digest }] of observations.chains) {
      const rows = keys.map((key) => byKey.get(key)?.[0]);
      const again = rows.reduce((sum, row) => (row === undefined ? `${sum}!` : link(sum, row)), '');
      if (again === digest) continue;
      const culprits = keys.filter(
        (key) => byKey.get(key)?.[0]?.body !== observations.steps.get(key)?.row.body,
      );
      found.push({ id: jobId, what: `its hash chain is broken at ${culprits.join(', ')}` });
    }
    const changes = observations.changes.filter(({ what }) => what.includes('changed its bytes'));
    return [...found, ...changes.map(({ jobId, what }) => ({ id: jobId, what }))];
  },
};
