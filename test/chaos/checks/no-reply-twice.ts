import { type Check, type Evidence, mayBeOutdated } from './check.ts';

/** Milliseconds by which a request may be under way although another's reply is seen in the store. */
const graceMs = 1_500;

/**
 * Invariant 4: a recorded reply is not asked for again.
 *
 * A reply that was sent but never recorded may be asked for again, by the next epoch. A worker with an epoch
 * from before the recording cannot know of it: it may ask once, and what it gets is not recorded. So there are
 * two rules. By count: an epoch asks once for a round, and those after the recording not at all. By time: a
 * worker that began its life after the recording was seen, or that no fault has outdated, does not ask.
 */
export const noReplyTwice: Check = {
  name: 'no reply twice',
  find({ requests, observations, faults, lives }) {
    const found: { id: string; what: string }[] = [];
    for (const [jobId, own] of Map.groupBy(requests, (request) => request.job)) {
      const base = Math.min(...own.map((request) => request.replies));
      for (const [replies, asked] of Map.groupBy(own, (request) => request.replies)) {
        const round = replies - base;
        const seen = observations.steps.get(`${jobId}/${round}/0`);
        if (seen === undefined) continue;
        if (asked.length > seen.epoch) {
          const what = `round ${round} was asked for ${asked.length} times, but recorded in epoch ${seen.epoch} at the latest`;
          found.push({ id: jobId, what });
        }
        const late = asked.filter((request) => isLate(request, seen.seenAt, { faults, lives }));
        for (const { client, begun } of late) {
          const what = `${client} asked for round ${round} again, ${begun - seen.seenAt} ms after it was seen recorded`;
          found.push({ id: jobId, what });
        }
      }
    }
    return found;
  },
};

function isLate(
  { begun, client }: { begun: number; client: string | null },
  seenAt: number,
  { faults, lives }: Pick<Evidence, 'faults' | 'lives'>,
): boolean {
  if (begun <= seenAt) return false;
  if ((lives.get(client ?? '') ?? 0) > seenAt) return true;
  const worker = client?.split('.')[0] ?? null;
  return begun > seenAt + graceMs && !mayBeOutdated(faults, worker, begun);
}
