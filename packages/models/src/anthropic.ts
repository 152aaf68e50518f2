import Anthropic, { APIConnectionError, APIError } from '@anthropic-ai/sdk';
import type { ModelReply, ModelRequest } from '@mcp-fleet/core';
import { leanFetch, readEvents } from '@mcp-fleet/http';
import { callProvider, type ProviderCall } from './call-provider.ts';
import { collectMessage } from './collect-message.ts';
import { parseReply } from './parse-reply.ts';
import type { Provider } from './provider.ts';

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
          const response = await client.messages.create({ ...params, stream: true }, options).asResponse();
          const message = collectMessage(provider, onDelta);
          await readEvents(response.body, ({ event, data }) => {
            if (event === 'error') throw streamError(data, response.headers);
            if (data !== '') message.add(JSON.parse(data));
          });
          return toReply(provider, message.whole(), response.headers.get('request-id'));
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
    fetch: settings.fetch ?? leanFetch,
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

/** The error of an `error` event, as the SDK has it. */
function streamError(data: string, headers: Headers): APIError {
  const body = tryParse(data);
  const type = (body as { error?: { type?: APIError['type'] } } | null)?.error?.type;
  return new APIError(undefined, body as object, undefined, headers, type);
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
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
