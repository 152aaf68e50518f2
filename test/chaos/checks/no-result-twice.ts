import { type Check, mayBeOutdated } from './check.ts';

const graceMs = 1_500;

/** Invariant 4: a call whose result is recorded is not sent again, whatever its tool's safety. */
export const noResultTwice: Check = {
  name: 'no result twice',
  find: ({ ledger, observations, faults }) =>
    ledger.flatMap(({ key, tool, at }) => {
      const seen = observations.steps.get(key.replaceAll('.', '/'));
      if (seen === undefined || at <= seen.seenAt + graceMs || mayBeOutdated(faults, null, at)) return [];
      const what = `${tool} was called again, ${at - seen.seenAt} ms after its result was seen recorded`;
      return [{ id: seen.row.jobId, what }];
    }),
};
