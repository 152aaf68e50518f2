import { type Message, type Step, turnMessages } from '@mcp-fleet/core';
import { validateMessages } from '../../../services/simulator/src/validate-conversation.ts';
import type { JobRow } from '../view/store-view.ts';
import { bySession, type Check, parsedSteps } from './check.ts';

/** Invariant 6: what a session amounts to would be taken by the real API, its last turn being answered. */
export const legalConversations: Check = {
  name: 'legal conversations',
  find({ jobs, steps }) {
    const byJob = parsedSteps(steps);
    const alone = jobs.filter((job) => job.sessionId === null).map((job) => [job.id, [job]] as const);
    return [...alone, ...bySession(jobs)].flatMap(([id, turns]) => {
      const succeeded = turns.filter((job) => job.state === 'succeeded');
      if (succeeded.length === 0) return [];
      const messages = succeeded.flatMap((job) => messagesOf(job, byJob.get(job.id) ?? []));
      try {
        validateMessages(messages as Parameters<typeof validateMessages>[0]);
      } catch (thrown) {
        return [{ id, what: thrown instanceof Error ? thrown.message : String(thrown) }];
      }
      const last = messages.at(-1);
      return last?.role === 'assistant'
        ? []
        : [{ id, what: 'its last turn succeeded without a final reply' }];
    });
  },
};

/** The messages of a job as the store has them. */
export function messagesOf(job: JobRow, steps: readonly Step[]): Message[] {
  return turnMessages(JSON.parse(job.query), steps);
}
