import {
  type ContentBlock,
  FleetError,
  type Model,
  type ModelReply,
  type ModelRequest,
} from '@mcp-fleet/core';
import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import { classifyError } from './classify-error.ts';
import { toChatMessages } from './openai-messages.ts';
import { parseReply } from './parse-reply.ts';

export interface OpenAISettings {
  apiKey: string;
  baseURL?: string;
  fetch?: typeof fetch;
}

/** Every OpenAI-compatible endpoint, by chat completions with tools and OpenAI's SDK. */
export function createOpenAI(settings: OpenAISettings): Model {
  const client = new OpenAI({
    apiKey: settings.apiKey,
    maxRetries: 0,
    ...(settings.baseURL ? { baseURL: settings.baseURL } : {}),
    ...(settings.fetch ? { fetch: settings.fetch } : {}),
  });
  return {
    async complete(request, { signal, onDelta }) {
      try {
        const stream = client.chat.completions.stream(toParams(request), {
          signal,
          timeout: request.timeoutMs,
          headers: { 'x-fleet-job': request.jobId },
        });
        if (onDelta) stream.on('content', onDelta);
        return toReply(await stream.finalChatCompletion());
      } catch (thrown) {
        throw toFault(thrown, signal);
      }
    },
  };
}

function toParams(request: ModelRequest): OpenAI.ChatCompletionCreateParamsStreaming {
  return {
    model: request.model,
    max_completion_tokens: request.maxTokens,
    messages: toChatMessages(request),
    stream: true,
    stream_options: { include_usage: true },
    ...(request.tools.length === 0
      ? {}
      : {
          tools: request.tools.map(({ name, description, inputSchema }) => ({
            type: 'function' as const,
            function: { name, description, parameters: inputSchema },
          })),
        }),
  };
}

const stopReasons: Record<string, string> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
};

function toReply(completion: OpenAI.ChatCompletion): ModelReply {
  const choice = completion.choices[0];
  if (!choice) throw new FleetError('model_bad_reply', 'openai sent a completion without a choice.');
  const { message, finish_reason } = choice;
  const content: ContentBlock[] = message.content ? [{ type: 'text', text: message.content }] : [];
  for (const call of message.tool_calls ?? []) {
    if (call.type !== 'function') continue;
    content.push({
      type: 'tool_use',
      id: call.id,
      name: call.function.name,
      input: parseArguments(call.function),
    });
  }
  const usage = completion.usage;
  const cached = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  return parseReply('openai', {
    content,
    stopReason: message.refusal ? 'refusal' : (stopReasons[finish_reason] ?? finish_reason),
    model: completion.model,
    requestId: completion.id,
    usage: {
      inputTokens: (usage?.prompt_tokens ?? 0) - cached,
      outputTokens: usage?.completion_tokens ?? 0,
      cacheReadTokens: cached,
      cacheWriteTokens: 0,
    },
  });
}

function parseArguments(call: { name: string; arguments: string }): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(call.arguments === '' ? '{}' : call.arguments);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch {
    // One error for both: no JSON, and JSON of another form.
  }
  throw new FleetError(
    'model_bad_reply',
    `openai asked for ${call.name} with arguments that are not a JSON object.`,
  );
}

function toFault(thrown: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || thrown instanceof FleetError || thrown instanceof APIUserAbortError) return thrown;
  if (thrown instanceof APIError && !(thrown instanceof APIConnectionError)) {
    return classifyError({
      provider: 'openai',
      status: thrown.status,
      type: thrown.type,
      code: thrown.code ?? undefined,
      message: thrown.message,
      headers: thrown.headers,
      cause: thrown,
    });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const isGarbage = thrown instanceof SyntaxError || /JSON|missing (choices|finish_reason)/i.test(message);
  return new FleetError(isGarbage ? 'model_bad_reply' : 'model_unavailable', `openai: ${message}`, {
    cause: thrown,
  });
}
