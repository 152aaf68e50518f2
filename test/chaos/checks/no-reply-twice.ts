import { type Check, type Evidence, mayBeOutdated } from './check.ts';

/** Milliseconds by which a request may be under way although another's reply is seen in the store. */
const graceMs = 1_500;

/**
 * Invariant 4: a recorded reply is not asked for again.
 *
 * A reply that was sent but never recorded may be asked for again, by the next epoch. A worker with an epoch
 * from before the recording cannot know of it: it may ask once, and what it gets is not recorded. So there are
 * two rules. By count: an epoch asks once for a round, and those after the recording not at all; a crash of the
 * database server may lose one take, so that its epoch is given out again (design.md, invariant 10). By time: a
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
        if (asked.length > seen.epoch + takesLost(faults, asked)) {
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

/** Takes that the database may have lost between the first of these requests and the last. */
function takesLost(faults: Evidence['faults'], asked: Evidence['requests']): number {
  const first = Math.min(...asked.map((request) => request.begun));
  const last = Math.max(...asked.map((request) => request.begun));
  return faults.filter(({ crashesStore, from, to }) => crashesStore && from <= last && to >= first).length;
}

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
