import { invalid } from './api-fault.ts';
import type { Message, OfferedTool } from './conversation.ts';

const toolName = /^[a-zA-Z0-9_-]{1,64}$/;

/** Refuses tools with names that the API refuses. */
export function validateTools(tools: readonly OfferedTool[]): void {
  const names = new Set<string>();
  for (const [index, { name }] of tools.entries()) {
    if (!toolName.test(name)) {
      throw invalid(`tools.${index}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'`);
    }
    if (names.has(name)) throw invalid('tools: Tool names must be unique.');
    names.add(name);
  }
}

/** Refuses conversations that the Messages API refuses: empty content, and tool calls without their results. */
export function validateMessages(messages: readonly Message[]): void {
  if (messages.length === 0) throw invalid('messages: at least one message is required');
  if (messages[0]?.role !== 'user') throw invalid('messages: first message must use the "user" role');
  for (const [index, message] of messages.entries()) {
    const isLastAssistant = index === messages.length - 1 && message.role === 'assistant';
    if (message.content.length === 0 && !isLastAssistant) {
      throw invalid(
        `messages.${index}: all messages must have non-empty content except for the optional final assistant message`,
      );
    }
    if (message.content.some((block) => block.type === 'text' && String(block.text).trim() === '')) {
      throw invalid(`messages.${index}: text content blocks must be non-empty`);
    }
    validateCalls(index, message, messages[index + 1]);
    validateResults(index, message, messages[index - 1]);
  }
}

function validateCalls(index: number, message: Message, next: Message | undefined): void {
  const calls = idsOf(message, 'tool_use', 'id');
  if (new Set(calls).size !== calls.length)
    throw invalid(`messages.${index}: \`tool_use\` ids must be unique`);
  const answered = next?.role === 'user' ? idsOf(next, 'tool_result', 'tool_use_id') : [];
  const missing = calls.filter((id) => !answered.includes(id));
  if (missing.length === 0) return;
  throw invalid(
    `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. ` +
      'Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
  );
}

function validateResults(index: number, message: Message, previous: Message | undefined): void {
  const asked = previous ? idsOf(previous, 'tool_use', 'id') : [];
  const strange = idsOf(message, 'tool_result', 'tool_use_id').find((id) => !asked.includes(id));
  if (strange === undefined) return;
  throw invalid(
    `messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${strange}. ` +
      'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
  );
}

function idsOf(message: Message | undefined, type: string, key: string): string[] {
  return (message?.content ?? []).filter((block) => block.type === type).map((block) => String(block[key]));
}
