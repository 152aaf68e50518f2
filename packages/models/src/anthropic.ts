import Anthropic, { APIConnectionError, APIError, APIUserAbortError } from '@anthropic-ai/sdk';
import { FleetError, type Model, type ModelReply, type ModelRequest } from '@mcp-fleet/core';
import { classifyError } from './classify-error.ts';
import { parseReply } from './parse-reply.ts';

export interface AnthropicSettings {
  apiKey: string;
  baseURL?: string;
  fetch?: typeof fetch;
}

/**
 * The Messages API by Anthropic's SDK. Replies are streamed and returned whole, thinking blocks verbatim.
 *
 * @param provider the name that errors carry
 */
export function createAnthropic(provider: string, settings: AnthropicSettings): Model {
  const client = new Anthropic({
    apiKey: settings.apiKey,
    authToken: null,
    maxRetries: 0,
    ...(settings.baseURL ? { baseURL: settings.baseURL } : {}),
    ...(settings.fetch ? { fetch: settings.fetch } : {}),
  });
  return {
    async complete(request, { signal, onDelta }) {
      try {
        const stream = client.messages.stream(toParams(request), {
          signal,
          timeout: request.timeoutMs,
          headers: { 'x-fleet-job': request.jobId },
        });
        if (onDelta) stream.on('text', onDelta);
        return toReply(provider, await stream.finalMessage(), stream.request_id);
      } catch (thrown) {
        throw toFault(provider, thrown, signal);
      }
    },
  };
}

function toParams(request: ModelRequest): Anthropic.MessageCreateParamsStreaming {
  const params = {
    model: request.model,
    max_tokens: request.maxTokens,
    messages: request.messages,
    stream: true,
    // The provider moves the breakpoint to the end of the conversation by itself.
    cache_control: { type: 'ephemeral' },
    ...(request.system === undefined ? {} : { system: request.system }),
    ...(request.thinking === undefined ? {} : { thinking: request.thinking }),
    ...(request.tools.length === 0
      ? {}
      : {
          tools: request.tools.map(({ name, description, inputSchema }) => ({
            name,
            description,
            input_schema: inputSchema,
          })),
        }),
  };
  // Content blocks are the provider's own, passed through unread.
  return params as unknown as Anthropic.MessageCreateParamsStreaming;
}

function toReply(
  provider: string,
  message: Anthropic.Message,
  requestId: string | null | undefined,
): ModelReply {
  const { usage } = message;
  return parseReply(provider, {
    content: message.content,
    stopReason: message.stop_reason,
    model: message.model,
    ...(requestId ? { requestId } : {}),
    usage: {
      inputTokens: usage.input_tokens,
      outputTokens: usage.output_tokens,
      cacheReadTokens: usage.cache_read_input_tokens ?? 0,
      cacheWriteTokens: usage.cache_creation_input_tokens ?? 0,
    },
  });
}

function toFault(provider: string, thrown: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || thrown instanceof FleetError || thrown instanceof APIUserAbortError) return thrown;
  const known = thrown instanceof APIError ? thrown : undefined;
  if (known && !(known instanceof APIConnectionError)) {
    return classifyError({
      provider,
      status: known.status,
      type: known.type ?? undefined,
      code: known.errorCode ?? undefined,
      message: known.apiMessage ?? known.message,
      headers: known.headers,
      cause: thrown,
    });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  // What is not an answer and not a connection is a stream that could not be read as the API's.
  const isGarbage = thrown instanceof SyntaxError || /JSON|Unexpected event order/.test(message);
  return new FleetError(
    isGarbage ? 'model_bad_reply' : 'model_unavailable',
    `${provider}: ${describe(thrown)}`,
    {
      cause: thrown,
    },
  );
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause instanceof Error ? ` (${thrown.cause.message})` : '';
  return `${thrown.message}${cause}`;
}
