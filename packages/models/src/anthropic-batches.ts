import { NotFoundError } from '@anthropic-ai/sdk';
import type {
  BatchCreateParams,
  MessageBatchIndividualResponse,
} from '@anthropic-ai/sdk/resources/messages/batches';
import { FleetError, type OfflineAnswer, toFleetError } from '@mcp-fleet/core';
import { type AnthropicSettings, createClient, readError, toParams, toReply } from './anthropic.ts';
import { callProvider } from './call-provider.ts';
import { classifyError } from './classify-error.ts';
import type { UpstreamProvider, UpstreamResult } from './upstream-provider.ts';

/** A creation is given up after this time; whether it took place is then to be found out. */
const createMs = 120_000;
const callMs = 60_000;
/** The results of the largest batches are some hundred megabytes. */
const resultsMs = 1_800_000;

const listed = 100;

/** Statuses that the errors of items would have if they came as answers. */
const statusOf: Record<string, number> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
};

/** The Message Batches API by Anthropic's SDK. `provider` is the name that errors carry. */
export function createAnthropicBatches(provider: string, settings: AnthropicSettings): UpstreamProvider {
  const client = createClient(settings);
  const { batches } = client.messages;
  const closing = new AbortController().signal;
  const call = <T>(
    timeoutMs: number,
    signal: AbortSignal,
    send: (options: { signal: AbortSignal; timeout: number }) => Promise<T>,
  ): Promise<T> =>
    callProvider({
      provider,
      timeoutMs,
      signal,
      closing,
      send: (until) => send({ signal: until, timeout: timeoutMs }),
      read: readError,
    });

  return {
    item(customId, request) {
      const body = { custom_id: customId, params: toParams(request) };
      return { customId, body, bytes: Buffer.byteLength(JSON.stringify(body)) };
    },
    create: (items, signal) =>
      call(createMs, signal, async (options) => {
        const requests = items.map((item) => item.body as BatchCreateParams.Request);
        return (await batches.create({ requests }, options)).id;
      }),
    state: (id, signal) =>
      call(callMs, signal, async (options) => {
        try {
          const batch = await batches.retrieve(id, {}, options);
          if (batch.processing_status !== 'ended') return 'in_progress';
          return batch.results_url === null ? 'gone' : 'ended';
        } catch (thrown) {
          if (thrown instanceof NotFoundError) return 'gone';
          throw thrown;
        }
      }),
    results: (id, signal, each) =>
      call(resultsMs, signal, async (options) => {
        for await (const line of await batches.results(id, {}, options)) {
          if ((await each(toResult(provider, line))) === 'stop') return;
        }
      }),
    list: (signal, each) =>
      call(callMs, signal, async (options) => {
        for await (const batch of batches.list({ limit: listed }, options)) {
          const { processing, succeeded, errored, canceled, expired } = batch.request_counts;
          const told = await each({
            id: batch.id,
            requests: processing + succeeded + errored + canceled + expired,
            ended: batch.processing_status === 'ended',
            createdAt: new Date(batch.created_at),
          });
          if (told === 'stop') return;
        }
      }),
    cancel: (id, signal) =>
      call(callMs, signal, async (options) => {
        await batches.cancel(id, {}, options);
      }),
  };
}

function toResult(provider: string, line: MessageBatchIndividualResponse): UpstreamResult {
  const { custom_id: customId, result } = line;
  return { customId, type: result.type, answer: toAnswer(provider, result) };
}

function toAnswer(provider: string, result: MessageBatchIndividualResponse['result']): OfflineAnswer {
  switch (result.type) {
    case 'succeeded':
      return whole(provider, result.message);
    case 'errored': {
      const { type, message } = result.error.error;
      const facts = { provider, status: statusOf[type], type, code: undefined, message };
      return asFault(classifyError({ ...facts, headers: undefined, cause: undefined }));
    }
    default: {
      const message = `${provider} gave no reply: the item of its batch is ${result.type}.`;
      return asFault(new FleetError('model_unavailable', message));
    }
  }
}

/** A reply that cannot be read is this call's fault, not that of the whole batch. */
function whole(provider: string, message: Parameters<typeof toReply>[1]): OfflineAnswer {
  try {
    const reply = toReply(provider, message, undefined);
    return { kind: 'reply', reply: { ...reply, usage: { ...reply.usage, serviceTier: 'batch' } } };
  } catch (thrown) {
    return asFault(toFleetError(thrown));
  }
}

function asFault({ code, message }: FleetError): OfflineAnswer {
  return { kind: 'fault', code, message };
}
