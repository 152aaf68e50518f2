import { invalid } from './api-fault.ts';
import { isToolResult, isToolUse, type Message, type OfferedTool } from './conversation.ts';

const toolName = /^[a-zA-Z0-9_-]{1,64}$/;

/** Refuses tools with names that the API refuses. */
export function validateTools(tools: readonly OfferedTool[]): void {
  const names = new Set<string>();
  for (const [index, { name }] of tools.entries()) {
    if (!toolName.test(name)) {
      throw invalid(`tools.${index}.custom.name: String should match pattern '${toolName.source}'`);
    }
    if (names.has(name)) throw invalid('tools: Tool names must be unique.');
    names.add(name);
  }
}

/** Refuses what the Messages API refuses about roles, empty content and the pairing of calls and results. */
export function validateMessages(messages: readonly Message[]): void {
  if (messages.length === 0) throw invalid('messages: at least one message is required');
  if (messages[0]?.role !== 'user') throw invalid('messages: first message must use the "user" role');
  const seen = new Set<string>();
  for (const [index, message] of messages.entries()) {
    refuseEmpty(message, index, index === messages.length - 1);
    refuseRepeatedIds(message, index, seen);
    refuseUnexpectedResults(message, messages[index - 1], index);
    refuseUnansweredCalls(message, messages[index + 1], index);
  }
}

function refuseEmpty(message: Message, index: number, last: boolean): void {
  if (message.content.length === 0 && !(last && message.role === 'assistant')) {
    throw invalid(
      `messages.${index}: all messages must have non-empty content except for the optional final assistant message`,
    );
  }
  for (const block of message.content) {
    if (block.type !== 'text') continue;
    if (block.text === '') throw invalid('messages: text content blocks must be non-empty');
    if (!/\S/.test(String(block.text))) {
      throw invalid('messages: text content blocks must contain non-whitespace text');
    }
  }
}

function refuseRepeatedIds(message: Message, index: number, seen: Set<string>): void {
  for (const [place, block] of message.content.entries()) {
    if (!isToolUse(block)) continue;
    if (message.role !== 'assistant') {
      throw invalid(`messages.${index}: \`tool_use\` blocks can only be in \`assistant\` messages`);
    }
    if (seen.has(block.id)) {
      throw invalid(`messages.${index}.content.${place}: \`tool_use\` ids must be unique`);
    }
    seen.add(block.id);
  }
}

function refuseUnexpectedResults(message: Message, before: Message | undefined, index: number): void {
  const answered = new Set<string>();
  for (const [place, block] of message.content.entries()) {
    if (!isToolResult(block)) continue;
    if (message.role !== 'user') {
      throw invalid(`messages.${index}: \`tool_result\` blocks can only be in \`user\` messages`);
    }
    const id = block.tool_use_id;
    if (!before?.content.some((use) => isToolUse(use) && use.id === id)) {
      throw invalid(
        `messages.${index}.content.${place}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${id}. ` +
          'Each `tool_result` block must have a corresponding `tool_use` block in the previous message.',
      );
    }
    if (answered.has(id)) {
      throw invalid(
        `messages.${index}.content.${place}: each tool_use must have a single result. ` +
          `Found multiple \`tool_result\` blocks with id: ${id}`,
      );
    }
    answered.add(id);
  }
}

/** Results count only from the start of the next message: text in front of them hides them. */
function refuseUnansweredCalls(message: Message, next: Message | undefined, index: number): void {
  const asked = message.content.filter(isToolUse);
  if (asked.length === 0) return;
  const answered = new Set<string>();
  for (const block of next?.role === 'user' ? next.content : []) {
    if (!isToolResult(block)) break;
    answered.add(block.tool_use_id);
  }
  const missing = asked.filter((use) => !answered.has(use.id)).map((use) => use.id);
  if (missing.length === 0) return;
  throw invalid(
    `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}. ` +
      'Each `tool_use` block must have a corresponding `tool_result` block in the next message.',
  );
}
