import Anthropic, { APIConnectionError, APIError } from '@anthropic-ai/sdk';
import type { ModelReply, ModelRequest } from '@mcp-fleet/core';
import { callProvider, type ProviderCall } from './call-provider.ts';
import { parseReply } from './parse-reply.ts';
import type { Provider } from './provider.ts';
import { readStream } from './read-stream.ts';

export interface AnthropicSettings {
  apiKey: string;
  baseURL?: string;
  fetch?: typeof fetch;
}

/**
 * The Messages API by Anthropic's SDK, which neither retries nor logs here. Replies are returned whole, thinking
 * blocks verbatim; they are streamed when the caller wants deltas.
 *
 * @param provider the name that errors carry
 */
export function createAnthropic(provider: string, settings: AnthropicSettings): Provider {
  const client = createClient(settings);
  const closing = new AbortController();
  return {
    complete(request, { signal, onDelta }) {
      const { timeoutMs } = request;
      const send = async (until: AbortSignal): Promise<ModelReply> => {
        const options = {
          signal: until,
          timeout: timeoutMs,
          headers: { 'x-fleet-job': request.jobId },
        };
        const params = toParams(request);
        if (onDelta) {
          const streaming = client.messages.create({ ...params, stream: true }, options);
          const { data, request_id } = await streaming.withResponse();
          return toReply(provider, await readStream(provider, data, onDelta), request_id);
        }
        const { data, request_id } = await client.messages.create(params, options).withResponse();
        return toReply(provider, data, request_id);
      };
      return callProvider({ provider, timeoutMs, signal, closing: closing.signal, send, read: readError });
    },
    close: () => closing.abort(),
  };
}

/** Anthropic's client, which leaves repeating and logging to the fleet. */
export function createClient(settings: AnthropicSettings): Anthropic {
  return new Anthropic({
    apiKey: settings.apiKey,
    authToken: null,
    maxRetries: 0,
    logLevel: 'off',
    ...(settings.baseURL ? { baseURL: settings.baseURL } : {}),
    ...(settings.fetch ? { fetch: settings.fetch } : {}),
  });
}

export function toParams(request: ModelRequest): Anthropic.MessageCreateParamsNonStreaming {
  const params = {
    model: request.model,
    max_tokens: request.maxTokens,
    messages: request.messages,
    // The provider moves the cache's breakpoint to the end of the conversation by itself.
    cache_control: { type: 'ephemeral' },
    ...(request.system === undefined ? {} : { system: request.system }),
    ...(request.thinking === undefined ? {} : { thinking: request.thinking }),
    ...toSampling(request.sampling),
    ...(request.tools.length === 0 ? {} : { tools: request.tools.map(toTool) }),
  };
  // Content blocks are the provider's own, passed through unread.
  return params as unknown as Anthropic.MessageCreateParamsNonStreaming;
}

function toSampling(sampling: ModelRequest['sampling'] = {}): Record<string, unknown> {
  const { temperature, topP, topK, stopSequences } = sampling;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
    ...(stopSequences === undefined ? {} : { stop_sequences: stopSequences }),
  };
}

function toTool({ name, description, inputSchema }: ModelRequest['tools'][number]): unknown {
  return { name, description, input_schema: inputSchema };
}

/** `message` is typed by hope: a proxy may have answered 200 with anything. */
export function toReply(
  provider: string,
  message: { [K in keyof Anthropic.Message]?: unknown },
  requestId: string | null | undefined,
): ModelReply {
  const usage = message.usage as Anthropic.Usage | undefined;
  const anHour = usage?.cache_creation?.ephemeral_1h_input_tokens;
  return parseReply(provider, {
    content: message.content,
    stopReason: message.stop_reason,
    ...(message.stop_sequence == null ? {} : { stopSequence: message.stop_sequence }),
    model: message.model,
    ...(requestId ? { requestId } : {}),
    usage: {
      inputTokens: usage?.input_tokens,
      outputTokens: usage?.output_tokens,
      cacheReadTokens: usage?.cache_read_input_tokens ?? 0,
      cacheWriteTokens: usage?.cache_creation_input_tokens ?? 0,
      ...(anHour ? { cacheWrite1hTokens: anHour } : {}),
    },
  });
}

export const readError: ProviderCall<unknown>['read'] = (thrown) => {
  if (!(thrown instanceof APIError) || thrown instanceof APIConnectionError) return null;
  const { status, headers } = thrown;
  // A stream's error event has no status, and neither has the SDK's own abort.
  if (status === undefined && thrown.type === null) return null;
  return {
    status,
    type: thrown.type ?? undefined,
    code: thrown.errorCode ?? undefined,
    message: thrown.apiMessage ?? thrown.message,
    headers,
  };
};
