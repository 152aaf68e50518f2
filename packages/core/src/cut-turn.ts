import type { Turn } from './job.ts';
import { toolUses } from './message.ts';
import { recordedMessages, type Step } from './step.ts';

/**
 * The steps of a turn up to one of its messages, counted from 0, so that they are a legal conversation: a reply that
 * calls tools has their results with it. `query` for a message that ends with a query, which would stay without its
 * answer; null when there is no such message.
 */
export function cutTurn(
  { query, steps }: Pick<Turn, 'query' | 'steps'>,
  last: number,
): Step[] | 'query' | null {
  const messages = recordedMessages(query, steps);
  const message = messages[last];
  if (!message) return null;
  const kept = messages.slice(0, last + 1).flatMap((each) => each.steps);
  if (message.role === 'user') {
    return message.steps.length > 0 && message.steps.every(({ kind }) => kind === 'result') ? kept : 'query';
  }
  if (toolUses(message.content).length === 0) return kept;
  return [...kept, ...(messages[last + 1]?.steps ?? []).filter(({ kind }) => kind === 'result')];
}
