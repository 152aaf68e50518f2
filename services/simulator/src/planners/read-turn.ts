import {
  type Conversation,
  isToolResult,
  isToolUse,
  type Message,
  type ToolUse,
  textOf,
} from '../conversation.ts';
import type { Done, Turn } from './plan.ts';

/** Finds the query that is to be answered, and what has been done about it. */
export function readTurn({ messages, tools }: Conversation): Turn {
  const found = messages.findLastIndex(
    ({ role, content }) => role === 'user' && content.some((block) => block.type === 'text'),
  );
  const at = Math.max(found, 0);
  const isRound = ({ role, content }: Message) => role === 'assistant' && content.some(isToolUse);
  return {
    query: textOf(messages[found]?.content).trim(),
    tools,
    earlier: messages.slice(0, at),
    done: doneIn(messages, at),
    rounds: messages.slice(at).filter(isRound).length,
  };
}

/** The calls whose results stand in the messages from `start` on, in order. */
export function doneIn(messages: readonly Message[], start = 0): Done[] {
  const asked = new Map<string, ToolUse>();
  for (const message of messages.slice(Math.max(0, start - 1))) {
    for (const use of message.content.filter(isToolUse)) asked.set(use.id, use);
  }
  return messages
    .slice(start)
    .flatMap((message) => message.content.filter(isToolResult))
    .flatMap((result) => {
      const use = asked.get(result.tool_use_id);
      if (!use) return [];
      const text = textOf(result.content).trim() || '(no text)';
      return [{ name: use.name, input: use.input, text, isError: result.is_error === true }];
    });
}
