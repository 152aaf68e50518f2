import { hash } from 'node:crypto';
import { type Message, turnMessages } from '@mcp-fleet/core';
import { bySession, type Check, parsedSteps } from './check.ts';
import { messagesOf } from './legal-conversations.ts';

/**
 * Invariant 6, seen from the model: each request carried, byte for byte, the succeeded turns before it and the
 * job's own record up to that round, whoever sent it and however often.
 */
export const sameBytesSent: Check = {
  name: 'same bytes sent',
  find({ jobs, steps, requests }) {
    const byJob = parsedSteps(steps);
    const sessions = bySession(jobs);
    const byId = new Map(jobs.map((job) => [job.id, job]));
    return requests.flatMap((request) => {
      const job = byId.get(request.job);
      if (job === undefined)
        return [{ id: request.job, what: 'the model was asked for a job that is nowhere' }];
      const before = (job.sessionId === null ? [] : (sessions.get(job.sessionId) ?? [])).filter(
        (turn) => turn.state === 'succeeded' && (turn.turn ?? 0) < (job.turn ?? 0),
      );
      const context = before.flatMap((turn) => messagesOf(turn, byJob.get(turn.id) ?? []));
      const round = request.replies - repliesIn(context);
      const own = (byJob.get(job.id) ?? []).filter((step) => step.round < round);
      const expected = [...context, ...turnMessages(JSON.parse(job.query), own)];
      if (request.digest === hash('sha256', JSON.stringify(expected), 'hex')) return [];
      const what = `request ${request.request_id} of ${request.client} sent other messages than its record has (round ${round}, ${before.length} turns before)`;
      return [{ id: job.id, what }];
    });
  },
};

/** Model replies in a conversation. */
export const repliesIn = (messages: readonly Message[]): number =>
  messages.filter((message) => message.role === 'assistant').length;
