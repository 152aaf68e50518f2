import type { Check } from './check.ts';

/** Lines of one session are its turns in the order of lines. */
export const lineOrder: Check = {
  name: 'line order',
  find({ batch, jobs }) {
    if (batch === null) return [];
    const turns = new Map(jobs.map((job) => [job.id, job.turn]));
    const inSession = batch.results.filter((result) => result.session_id !== null);
    return [...Map.groupBy(inSession, (result) => result.session_id).values()].flatMap((own) => {
      const ordered = own.toSorted((a, b) => a.line - b.line);
      return ordered.slice(1).flatMap((later, index) => {
        const earlier = ordered[index] as (typeof own)[number];
        const [first, second] = [turns.get(earlier.job_id ?? ''), turns.get(later.job_id ?? '')];
        if ((first ?? 0) < (second ?? 0)) return [];
        const what = `line ${later.line} is turn ${second}, and line ${earlier.line} before it turn ${first}`;
        return [{ id: later.session_id, what }];
      });
    });
  },
};
