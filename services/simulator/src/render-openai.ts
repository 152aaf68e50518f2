import type { Block, Conversation, Reply } from './conversation.ts';
import { isToolUse, textOf } from './conversation.ts';
import { pieces } from './render-anthropic.ts';

const finishReasons: Record<string, string> = {
  tool_use: 'tool_calls',
  max_tokens: 'length',
  refusal: 'content_filter',
};

/** Deterministic like the rest of a reply, so that identical requests get identical bodies. */
const created = 1_700_000_000;

/** A reply as a `chat.completion` object. */
export function openaiCompletion(reply: Reply, model: string): Record<string, unknown> {
  const calls = toolCalls(reply.content);
  const message = {
    role: 'assistant',
    content: textOf(reply.content) || null,
    refusal: null,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return {
    id: `chatcmpl-${reply.id}`,
    object: 'chat.completion',
    created,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(reply) }],
    usage: usage(reply),
  };
}

/** A reply as `chat.completion.chunk` frames, ended by `[DONE]`. */
export function openaiFrames(reply: Reply, conversation: Conversation): string[] {
  const chunk = (choices: unknown[], more: Record<string, unknown> = {}) =>
    frame({
      id: `chatcmpl-${reply.id}`,
      object: 'chat.completion.chunk',
      created,
      model: conversation.model,
      choices,
      ...more,
    });
  const delta = (fields: Record<string, unknown>, finish_reason: string | null = null) =>
    chunk([{ index: 0, delta: fields, logprobs: null, finish_reason }]);
  const calls = toolCalls(reply.content).flatMap((call, index) => [
    delta({ tool_calls: [{ index, ...call, function: { ...call.function, arguments: '' } }] }),
    ...pieces(call.function.arguments).map((piece) =>
      delta({ tool_calls: [{ index, function: { arguments: piece } }] }),
    ),
  ]);
  return [
    delta({ role: 'assistant', content: '', refusal: null }),
    ...pieces(textOf(reply.content)).map((content) => delta({ content })),
    ...calls,
    delta({}, finishReason(reply)),
    ...(conversation.includeUsage ? [chunk([], { usage: usage(reply) })] : []),
    'data: [DONE]\n\n',
  ];
}

interface ToolCall {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/** A scripted input that is a string goes out as it is, so that a test can send broken arguments. */
function toolCalls(content: readonly Block[]): ToolCall[] {
  return content.filter(isToolUse).map(({ id, name, input }) => ({
    id,
    type: 'function',
    function: { name, arguments: typeof input === 'string' ? input : JSON.stringify(input) },
  }));
}

function finishReason(reply: Reply): string {
  return finishReasons[reply.stopReason] ?? 'stop';
}

function usage({ usage: { input_tokens, output_tokens, cache_read_input_tokens } }: Reply): unknown {
  const prompt_tokens = input_tokens + cache_read_input_tokens;
  return {
    prompt_tokens,
    completion_tokens: output_tokens,
    total_tokens: prompt_tokens + output_tokens,
    prompt_tokens_details: { cached_tokens: cache_read_input_tokens },
  };
}

function frame(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
