import type { Turn } from './job.ts';
import type { Message } from './message.ts';
import { turnMessages } from './step.ts';

/** Characters that stand for one token in the estimate. Text runs at about 4, JSON and code at about 3. */
export const charactersPerToken = 3.5;

/** Estimates the tokens of messages by their length. Always at least 1 for a message. */
export function estimateTokens(messages: readonly Message[]): number {
  let characters = 0;
  for (const message of messages) characters += JSON.stringify(message.content).length;
  return Math.ceil(characters / charactersPerToken);
}

/** The context of a job. `cutAt` is set when the session's first turn has to move forward to it. */
export interface FittedContext {
  messages: Message[];
  cutAt: number | null;
}

/**
 * Chooses the turns that a job starts from: all of them while they fit into `budget` estimated tokens,
 * otherwise the newest whole turns that fill at most half of it. Cutting to half makes cuts rare, so that
 * between two cuts the prefix stays byte for byte the same and prompt caches keep working.
 *
 * `turns` are in order, oldest first, and begin at the session's recorded cut.
 */
export function fitContext(turns: readonly Turn[], budget: number): FittedContext {
  const sized = turns.map((turn) => {
    const messages = turnMessages(turn.query, turn.steps);
    return { turn: turn.turn, messages, tokens: estimateTokens(messages) };
  });
  const total = sized.reduce((sum, turn) => sum + turn.tokens, 0);
  if (total <= budget) return { messages: sized.flatMap((turn) => turn.messages), cutAt: null };

  const kept: typeof sized = [];
  let used = 0;
  for (const turn of sized.toReversed()) {
    const fitsHalf = used + turn.tokens <= budget / 2;
    const newestFitsAlone = kept.length === 0 && turn.tokens <= budget;
    if (!fitsHalf && !newestFitsAlone) break;
    kept.unshift(turn);
    used += turn.tokens;
  }
  const newest = turns.at(-1);
  const cutAt = kept[0]?.turn ?? (newest === undefined ? null : newest.turn + 1);
  return { messages: kept.flatMap((turn) => turn.messages), cutAt };
}
