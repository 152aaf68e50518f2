import { randomUUID } from 'node:crypto';
import { type ContentBlock, FleetError, type ModelReply } from '@mcp-fleet/core';
import type OpenAI from 'openai';
import { parseReply, parseToolInput } from './parse-reply.ts';

/** What the fleet reads of a completion; servers of other makers leave out whatever they like. */
export interface Completion {
  id?: string;
  model?: string;
  choices?: {
    message?: { content?: string | null; refusal?: string | null; tool_calls?: ToolCall[] | null };
    finish_reason?: string | null;
  }[];
  usage?: OpenAI.CompletionUsage | null;
}

interface ToolCall {
  id?: string;
  function?: { name?: string; arguments?: string };
}

const stopReasons: Record<string, string> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
};

/** The completion that a stream amounts to. Throws when the stream ends before its finish reason. */
export async function collectChunks(
  chunks: AsyncIterable<OpenAI.ChatCompletionChunk>,
  onDelta: (text: string) => void,
): Promise<Completion> {
  const whole: Completion = {};
  const calls: { id: string; function: { name: string; arguments: string } }[] = [];
  let content = '';
  let refusal = '';
  let finish_reason: string | null = null;
  for await (const chunk of chunks) {
    whole.id ??= chunk.id;
    whole.model ??= chunk.model;
    if (chunk.usage) whole.usage = chunk.usage;
    const choice = chunk.choices?.[0];
    if (!choice) continue;
    finish_reason = choice.finish_reason ?? finish_reason;
    const { delta } = choice;
    refusal += delta?.refusal ?? '';
    for (const part of delta?.tool_calls ?? []) {
      const call = calls[part.index ?? 0] ?? { id: '', function: { name: '', arguments: '' } };
      calls[part.index ?? 0] = call;
      call.id ||= part.id ?? '';
      call.function.name ||= part.function?.name ?? '';
      call.function.arguments += part.function?.arguments ?? '';
    }
    if (!delta?.content) continue;
    content += delta.content;
    onDelta(delta.content);
  }
  if (finish_reason === null) {
    throw new FleetError('model_unavailable', 'openai ended its stream before the reply was whole.');
  }
  const message = { content, refusal: refusal || null, tool_calls: calls.filter(Boolean) };
  return { ...whole, choices: [{ message, finish_reason }] };
}

/** A completion in Anthropic's form. Throws `model_bad_reply` when it is none. */
export function toReply(provider: string, completion: Completion, requestId: string | null): ModelReply {
  const choice = completion.choices?.[0];
  if (!choice?.message) {
    throw new FleetError('model_bad_reply', `${provider} sent a completion without a choice.`);
  }
  const { message, finish_reason } = choice;
  const truncated = finish_reason === 'length';
  const content: ContentBlock[] = message.content ? [{ type: 'text', text: message.content }] : [];
  for (const call of message.tool_calls ?? []) {
    const name = call.function?.name ?? '';
    const input = parseToolInput(provider, { name, json: call.function?.arguments ?? '', truncated });
    // Some servers leave the id empty; results are joined by it.
    content.push({ type: 'tool_use', id: call.id || `call_${randomUUID()}`, name, input });
  }
  const called = content.some((block) => block.type === 'tool_use');
  const { usage } = completion;
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  return parseReply(provider, {
    content,
    stopReason: stopReason(finish_reason, called, Boolean(message.refusal)),
    model: completion.model,
    requestId: requestId ?? completion.id,
    usage: {
      inputTokens: (usage?.prompt_tokens ?? 0) - cached,
      outputTokens: usage?.completion_tokens ?? 0,
      cacheReadTokens: cached,
      cacheWriteTokens: 0,
    },
  });
}

/** Some servers say `stop` after tool calls. */
function stopReason(
  reason: string | null | undefined,
  called: boolean,
  refused: boolean,
): string | undefined {
  if (refused) return 'refusal';
  if (called && reason === 'stop') return 'tool_use';
  return reason ? (stopReasons[reason] ?? reason) : undefined;
}
