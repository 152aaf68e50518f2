import type { ModelReply, ModelRequest } from '@mcp-fleet/core';
import { leanFetch } from '@mcp-fleet/http';
import OpenAI, { APIConnectionError, APIError } from 'openai';
import { callProvider, type ProviderCall } from './call-provider.ts';
import { toChatMessages } from './openai-messages.ts';
import { collectChunks, toReply } from './openai-reply.ts';
import type { Provider } from './provider.ts';

export interface OpenAISettings {
  apiKey: string;
  baseURL?: string;
  fetch?: typeof fetch;
}

const provider = 'openai';

/**
 * Every OpenAI-compatible endpoint, by chat completions with tools and OpenAI's SDK, which neither retries nor
 * logs here. Thinking has no place in this API and is left out.
 */
export function createOpenAI(settings: OpenAISettings): Provider {
  const client = new OpenAI({
    apiKey: settings.apiKey,
    maxRetries: 0,
    logLevel: 'off',
    ...(settings.baseURL ? { baseURL: settings.baseURL } : {}),
    fetch: settings.fetch ?? leanFetch,
  });
  // Servers of other makers know the older name of the limit; OpenAI's newer models know only the newer one.
  const limit = /\bopenai\b/.test(new URL(client.baseURL).hostname) ? 'max_completion_tokens' : 'max_tokens';
  const closing = new AbortController();
  return {
    complete(request, { signal, onDelta }) {
      const { timeoutMs } = request;
      const params = { ...toParams(request), [limit]: request.maxTokens };
      const send = async (until: AbortSignal): Promise<ModelReply> => {
        const options = { signal: until, timeout: timeoutMs, headers: { 'x-fleet-job': request.jobId } };
        if (!onDelta) {
          const { data, request_id } = await client.chat.completions.create(params, options).withResponse();
          return toReply(provider, data, request_id);
        }
        const streaming = { ...params, stream: true, stream_options: { include_usage: true } } as const;
        const { data, request_id } = await client.chat.completions.create(streaming, options).withResponse();
        const completion = await collectChunks(data, onDelta);
        // The SDK ends an aborted stream as if it were whole.
        until.throwIfAborted();
        return toReply(provider, completion, request_id);
      };
      return callProvider({ provider, timeoutMs, signal, closing: closing.signal, send, read: readError });
    },
    close: () => closing.abort(),
  };
}

function toParams(request: ModelRequest): OpenAI.ChatCompletionCreateParamsNonStreaming {
  return {
    model: request.model,
    messages: toChatMessages(request),
    ...toSampling(request.sampling),
    ...(request.tools.length === 0 ? {} : { tools: request.tools.map(toTool) }),
  };
}

/** Of chat completions there is no `top_k`. */
function toSampling(sampling: ModelRequest['sampling'] = {}) {
  const { temperature, topP, stopSequences } = sampling;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(stopSequences === undefined ? {} : { stop: stopSequences }),
  };
}

function toTool({
  name,
  description,
  inputSchema,
}: ModelRequest['tools'][number]): OpenAI.ChatCompletionFunctionTool {
  return { type: 'function', function: { name, description, parameters: inputSchema } };
}

const readError: ProviderCall<unknown>['read'] = (thrown) => {
  if (!(thrown instanceof APIError) || thrown instanceof APIConnectionError) return null;
  const { status, headers, type } = thrown;
  const code = thrown.code ?? undefined;
  // A stream's error event has no status, and neither has the SDK's own abort.
  if (status === undefined && thrown.error === undefined) return null;
  const said = (thrown.error as { message?: unknown } | undefined)?.message;
  return { status, type, code, message: typeof said === 'string' ? said : thrown.message, headers };
};
