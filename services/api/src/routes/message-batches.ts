import { Readable } from 'node:stream';
import { type Batch, FleetError, noBudget } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { resultPages } from '../batches/results.ts';
import { messageBatchView, toResultLines } from '../messages/batch-view.ts';
import { drainBeforeErrors } from '../messages/drain-before-errors.ts';
import { messagesAgent } from '../messages/read-params.ts';
import { longestBatch } from '../messages/read-requests.ts';
import { uploadRequests } from '../messages/upload-requests.ts';
import type { Api, ApiParts } from '../parts.ts';
import { idParams, pageOf, refusals } from '../schemas/common.ts';
import {
  deletedMessageBatch,
  type MessageBatchesQuery,
  messageBatch,
  messageBatchesQuery,
  newMessageBatch,
} from '../schemas/messages.ts';

const tags = ['messages'];
const write = { scope: 'jobs:write' } as const;
const read = { scope: 'jobs:read' } as const;

/** Results that are read at a time; each comes with its job, whose messages may be long. */
const pageSize = 50;

/** Anthropic's Message Batches. Bodies are streams, which nothing here reads whole. */
export async function messageBatchRoutes(app: Api, parts: ApiParts): Promise<void> {
  const { store, messages } = parts;
  drainBeforeErrors(app);
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', (_request, body, done) => done(null, body));

  const originOf = (request: FastifyRequest) => messages.publicUrl ?? `${request.protocol}://${request.host}`;
  const shown = (request: FastifyRequest, batch: Batch) => messageBatchView(batch, originOf(request));
  const find = async ({ caller, params }: FastifyRequest) => {
    const { id } = params as z.infer<typeof idParams>;
    return found(await store.batch(caller.tenant, id), id);
  };

  app.post(
    '/v1/messages/batches',
    {
      config: write,
      bodyLimit: longestBatch,
      validatorCompiler: () => () => true,
      schema: {
        tags,
        summary: "Create a message batch, as in Anthropic's API",
        description:
          "Requests whose params are not valid end as errored. The batch runs as the fleet's own do, and is among the jobs.",
        body: newMessageBatch,
        response: { 200: messageBatch, ...refusals },
      },
    } as never,
    async (request: FastifyRequest) => {
      const created = await store.createBatch({
        id: newId('msgbatch'),
        tenant: request.caller.tenant,
        surface: 'messages',
        agent: messagesAgent,
        onInvalid: 'skip',
        budget: noBudget,
        metadata: {},
        expiresAt: new Date(Date.now() + messages.batchExpiresMs),
      });
      return shown(request, await uploadWhole(parts, created, bodyOf(request)));
    },
  );

  app.get(
    '/v1/messages/batches',
    {
      config: read,
      schema: {
        tags,
        summary: 'List message batches, newest first',
        querystring: messageBatchesQuery,
        response: { 200: pageOf(messageBatch), ...refusals },
      },
    },
    async (request) => {
      const { batches, more } = await readBatches(store, request.caller.tenant, request.query);
      const data = batches.map((batch) => shown(request, batch));
      return { data, has_more: more, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
    },
  );

  app.get(
    '/v1/messages/batches/:id',
    {
      config: read,
      schema: {
        tags,
        summary: 'Read a message batch',
        params: idParams,
        response: { 200: messageBatch, ...refusals },
      },
    },
    async (request) => shown(request, await find(request)),
  );

  app.get(
    '/v1/messages/batches/:id/results',
    {
      config: read,
      schema: {
        tags,
        summary: 'The results of an ended message batch, as lines of JSON',
        params: idParams,
        response: {
          200: {
            description: 'Lines of JSON, each `{custom_id, result}`.',
            content: { 'application/x-jsonl': { schema: z.string() } },
          },
          ...refusals,
        },
      },
    },
    async (request, reply) => {
      const batch = await find(request);
      if (batch.state !== 'ended') {
        throw notEnded(reply, `Batch ${batch.id} has no results yet. Wait until it has ended.`);
      }
      const pages = resultPages(store, batch.id, { after: 0, ended: true }, toResultLines, pageSize);
      reply.header('content-type', 'application/x-jsonl');
      return reply.send(Readable.from(pages, { objectMode: false }) as never);
    },
  );

  app.post(
    '/v1/messages/batches/:id/cancel',
    {
      config: write,
      schema: {
        tags,
        summary: 'Cancel a message batch: what has not ended is stopped',
        params: idParams,
        response: { 200: messageBatch, ...refusals },
      },
    },
    async (request) => {
      const { id } = await find(request);
      const { tenant, keyId } = request.caller;
      const batch = found(await store.changeBatch(tenant, id, { to: 'cancel' }), id);
      parts.logger.info({ batchId: id, tenant, by: keyId, state: batch.state }, 'batch asked to cancel');
      return shown(request, batch);
    },
  );

  app.delete(
    '/v1/messages/batches/:id',
    {
      config: write,
      schema: {
        tags,
        summary: 'Delete an ended message batch with its results',
        params: idParams,
        response: { 200: deletedMessageBatch, ...refusals },
      },
    },
    async (request, reply) => {
      const { id, tenant } = await find(request);
      const deleted = await store.deleteBatch(tenant, id);
      if (deleted === 'absent') throw noBatch(id);
      if (deleted === 'deleted') return { id, type: 'message_batch_deleted' as const };
      throw notEnded(reply, `Batch ${id} has not ended. Cancel it first, and wait for its end.`);
    },
  );
}

/** Stores all requests and lets them run; a batch that is refused leaves nothing behind. */
async function uploadWhole(parts: ApiParts, created: Batch, body: AsyncIterable<Buffer>): Promise<Batch> {
  const { id, tenant } = created;
  try {
    await uploadRequests(parts, created, body);
    return found(await parts.store.finalizeBatch(tenant, id), id);
  } catch (thrown) {
    await parts.store.deleteBatch(tenant, id).catch(() => undefined);
    throw thrown;
  }
}

/** Reads one more than a page has, which tells whether there are others in the direction that is read. */
async function readBatches(
  store: ApiParts['store'],
  tenant: string,
  { limit, after_id, before_id }: MessageBatchesQuery,
): Promise<{ batches: Batch[]; more: boolean }> {
  const page = { limit: limit + 1, after: after_id, before: before_id };
  const rows = await store.batches(tenant, 'messages', page);
  const batches = before_id === undefined ? rows.slice(0, limit) : rows.slice(-limit);
  return { batches, more: rows.length > limit };
}

function bodyOf(request: FastifyRequest): AsyncIterable<Buffer> {
  // What is left of a body that is refused is still to be read.
  if (request.body instanceof Readable) return request.body.iterator({ destroyOnReturn: false });
  throw new FleetError('invalid_request', 'The body is missing; expected application/json with requests.');
}

function found(batch: Batch | null, id: string): Batch {
  if (batch?.surface === 'messages') return batch;
  throw noBatch(id);
}

const noBatch = (id: string) => new FleetError('not_found', `There is no message batch ${id}.`);

/** Anthropic's clients repeat what is answered with 409, unless they are told not to. */
function notEnded(reply: FastifyReply, message: string): FleetError {
  reply.header('x-should-retry', 'false');
  return new FleetError('batch_not_ended', message);
}
