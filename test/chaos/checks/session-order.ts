import { bySession, type Check, parsedSteps } from './check.ts';

/** Invariant 5: turns stand in the order in which the producer knew them accepted, and run one at a time. */
export const sessionOrder: Check = {
  name: 'session order',
  find({ submissions, jobs, steps, requests }) {
    const found: { id: string; what: string }[] = [];
    const known = new Map(submissions.map((each) => [each.jobIds[0], each]));
    const byRequest = new Map(requests.map((request) => [request.request_id, request]));
    const byJob = parsedSteps(steps);
    const span = (jobId: string) => {
      const recorded = (byJob.get(jobId) ?? [])
        .flatMap((step) => (step.kind === 'reply' ? [byRequest.get(step.requestId ?? '')] : []))
        .filter((request) => request !== undefined);
      const begun = Math.min(...recorded.map((request) => request.begun));
      return { begun, ended: Math.max(...recorded.map((request) => request.ended ?? request.begun)) };
    };
    for (const [session, turns] of bySession(jobs)) {
      const places = turns.flatMap((job) => job.turn ?? []);
      if (new Set(places).size !== places.length) {
        found.push({ id: session, what: `two jobs have one turn: ${places.join(', ')}` });
      }
      for (const [index, later] of turns.entries()) {
        for (const earlier of turns.slice(0, index)) {
          const [first, second] = [known.get(later.id), known.get(earlier.id)];
          if (first?.acceptedAt && second && first.acceptedAt < second.sentAt) {
            const what = `${later.id} (turn ${later.turn}) was accepted before ${earlier.id} (turn ${earlier.turn}) was sent`;
            found.push({ id: session, what });
          }
        }
        const before = turns[index - 1];
        if (before !== undefined && span(later.id).begun < span(before.id).ended) {
          found.push({ id: session, what: `${later.id} began before ${before.id} had its last reply` });
        }
      }
    }
    return found;
  },
};
