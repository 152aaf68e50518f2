import { Readable } from 'node:stream';
import multipart from '@fastify/multipart';
import { type Batch, FleetError, noBudget } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { batchView } from '../batches/batch-views.ts';
import { csvHeader, resultPages, toCsv, toJsonLines } from '../batches/results.ts';
import { noBatch, type Problem, uploadLines } from '../batches/upload-lines.ts';
import { plainProblems, validateWithZod } from '../errors.ts';
import { toBudget as askedBudget } from '../job-budget.ts';
import { readPage } from '../pages.ts';
import type { Api, ApiParts } from '../parts.ts';
import {
  appendQuery,
  batchesQuery,
  batch as batchSchema,
  createBatch,
  deletedBatch,
  raiseBudget,
  resultsQuery,
  type UploadSettings,
  uploadedBatch,
  uploadSettings,
} from '../schemas/batches.ts';
import { idParams, pageOf, refusals } from '../schemas/common.ts';

const tags = ['batches'];
const write = { scope: 'jobs:write' } as const;
const read = { scope: 'jobs:read' } as const;

/** Milliseconds that a batch has by default, as in Anthropic's Message Batches. */
const day = 86_400_000;

const lineTypes = ['application/jsonl', 'application/x-ndjson', 'application/x-jsonlines'];
const jsonLines = z.string().meta({ description: 'Lines of JSON, each a `BatchLine`.' });
const linesContent = Object.fromEntries(lineTypes.map((type) => [type, { schema: jsonLines }]));

/** Jobs that are submitted together. Bodies of lines are streams, which nothing here reads whole. */
export async function batchRoutes(app: Api, parts: ApiParts): Promise<void> {
  const { store } = parts;
  await app.register(multipart, { limits: { files: 1, fields: 20, fileSize: Number.POSITIVE_INFINITY } });
  app.addContentTypeParser(lineTypes, (_request, body, done) => done(null, body));

  app.post(
    '/v1/batches',
    {
      config: { ...write, streamed: true },
      validatorCompiler: exceptBody,
      schema: {
        tags,
        summary: 'Create a batch to upload lines to, or one of the lines in the body, which then runs',
        description:
          'With `application/json` the body is the settings, and lines follow by `PUT …/lines` and `finalize`. With lines as the body, or as the file of a form, settings are query parameters or fields.',
        querystring: uploadSettings,
        body: {
          content: {
            'application/json': { schema: createBatch },
            ...linesContent,
          },
        },
        response: { 201: uploadedBatch, ...refusals },
      },
    } as never,
    async (request: FastifyRequest, reply) => {
      const { tenant } = request.caller;
      const { settings, metadata, stream } = await readNewBatch(request);
      const created = await store.createBatch({
        id: newId('batch'),
        tenant,
        surface: 'fleet',
        agent: settings.agent,
        onInvalid: settings.on_invalid,
        metadata,
        budget: { ...noBudget, ...askedBudget(settings) },
        expiresAt: settings.expires_at ?? new Date(Date.now() + day),
      });
      if (stream === null) return reply.code(201).send({ ...batchView(created), invalid_lines: [] });
      const { batch, problems } = await uploadWhole(parts, created, stream);
      return reply.code(201).send({ ...batchView(batch), invalid_lines: problems });
    },
  );

  app.put(
    '/v1/batches/:id/lines',
    {
      config: { ...write, streamed: true },
      schema: {
        tags,
        summary: 'Upload lines, from where the upload stands',
        description:
          'The end of the body ends its last line. When an upload breaks, read the batch and go on at its `bytes`.',
        params: idParams,
        querystring: appendQuery,
        body: { content: linesContent },
        response: { 200: uploadedBatch, ...refusals },
      },
      validatorCompiler: exceptBody,
    } as never,
    async (request: FastifyRequest) => {
      const { id } = request.params as z.infer<typeof idParams>;
      const { offset } = request.query as z.infer<typeof appendQuery>;
      const { tenant } = request.caller;
      const batch = found(await store.batch(tenant, id), id);
      const problems = await uploadLines(parts, { ...batch, bytes: offset }, linesOf(request));
      return { ...batchView(found(await store.batch(tenant, id), id)), invalid_lines: problems };
    },
  );

  app.post(
    '/v1/batches/:id/finalize',
    {
      config: write,
      schema: {
        tags,
        summary: 'Let the uploaded lines run',
        params: idParams,
        response: { 200: batchSchema, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { tenant } = request.caller;
      const batch = found(await store.batch(tenant, id), id);
      if (batch.state === 'uploading') await refuseInvalid(parts, batch);
      return batchView(found(await store.finalizeBatch(tenant, id), id));
    },
  );

  app.get(
    '/v1/batches',
    {
      config: read,
      schema: {
        tags,
        summary: 'List batches, newest first',
        querystring: batchesQuery,
        response: { 200: pageOf(batchSchema), ...refusals },
      },
    },
    async (request) => {
      const { tenant } = request.caller;
      return readPage(
        request.query,
        (page) => store.batches(tenant, 'fleet', page),
        (row) => batchView(row),
      );
    },
  );

  app.get(
    '/v1/batches/:id',
    {
      config: read,
      schema: {
        tags,
        summary: 'Read a batch: its state, counts, progress and usage',
        params: idParams,
        response: { 200: batchSchema, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      return batchView(found(await store.batch(request.caller.tenant, id), id));
    },
  );

  app.get(
    '/v1/batches/:id/results',
    {
      config: read,
      schema: {
        tags,
        summary: 'The results in the order of lines, as a stream: of those that have ended so far, or of all',
        params: idParams,
        querystring: resultsQuery,
        response: {
          200: {
            description: 'Lines of JSON, each a `BatchResult`, or CSV.',
            content: {
              'application/x-ndjson': { schema: z.string() },
              'text/csv': { schema: z.string() },
            },
          },
          ...refusals,
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { format, after_line, all } = request.query;
      found(await store.batch(request.caller.tenant, id), id);
      const from = { after: after_line, ended: all === 'false' };
      const pages = resultPages(store, id, from, format === 'csv' ? toCsv : toJsonLines);
      const text = format === 'csv' ? startingWith(csvHeader, pages) : pages;
      reply.header('content-type', format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson');
      return reply.send(Readable.from(text, { objectMode: false }) as never);
    },
  );

  for (const action of ['pause', 'resume', 'cancel'] as const) {
    const summary = {
      pause: 'Start no more lines; those that have begun go on',
      resume: 'Start lines again',
      cancel: 'End every line that has not ended',
    }[action];
    app.post(
      `/v1/batches/:id/${action}`,
      {
        config: write,
        schema: { tags, summary, params: idParams, response: { 200: batchSchema, ...refusals } },
      },
      async (request) => {
        const { id } = request.params as z.infer<typeof idParams>;
        const { tenant, keyId } = request.caller;
        const change = action === 'pause' ? { to: action, reason: 'by its owner' } : { to: action };
        const batch = found(await store.changeBatch(tenant, id, change), id);
        parts.logger.info({ batchId: id, tenant, by: keyId, state: batch.state }, `batch asked to ${action}`);
        return batchView(batch);
      },
    );
  }

  app.post(
    '/v1/batches/:id/budget',
    {
      config: write,
      schema: {
        tags,
        summary: 'Set what the lines may use; a batch that paused for its budget goes on',
        params: idParams,
        body: raiseBudget,
        response: { 200: batchSchema, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { tenant } = request.caller;
      const { budget } = found(await store.batch(tenant, id), id);
      const raised = { ...budget, ...askedBudget(request.body) };
      const batch = found(await store.changeBatch(tenant, id, { to: 'budget', budget: raised }), id);
      if (!batch.pauseReason?.startsWith('budget:')) return batchView(batch);
      return batchView(found(await store.changeBatch(tenant, id, { to: 'resume' }), id));
    },
  );

  app.post(
    '/v1/batches/:id/retry_failed',
    {
      config: write,
      schema: {
        tags,
        summary: 'Run lines that failed or expired once more',
        params: idParams,
        response: { 200: batchSchema, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const until = new Date(Date.now() + day);
      return batchView(found(await store.retryLines(request.caller.tenant, id, until), id));
    },
  );

  app.delete(
    '/v1/batches/:id',
    {
      config: write,
      schema: {
        tags,
        summary: 'Delete an ended batch with its lines and jobs',
        params: idParams,
        response: { 200: deletedBatch, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const deleted = await store.deleteBatch(request.caller.tenant, id);
      if (deleted === 'absent') throw noBatch(id);
      if (deleted === 'deleted') return { id, type: 'batch_deleted' as const };
      throw new FleetError('batch_not_ended', `Batch ${id} has not ended. Cancel it first.`);
    },
  );
}

/** Uploads all lines and lets them run; a batch that is refused leaves nothing behind. */
async function uploadWhole(
  parts: ApiParts,
  created: Batch,
  stream: AsyncIterable<Buffer>,
): Promise<{ batch: Batch; problems: Problem[] }> {
  const { store } = parts;
  const { id, tenant } = created;
  try {
    const problems = await uploadLines(parts, created, stream);
    await refuseInvalid(parts, found(await store.batch(tenant, id), id), problems);
    return { batch: found(await store.finalizeBatch(tenant, id), id), problems };
  } catch (thrown) {
    await store.deleteBatch(tenant, id).catch(() => undefined);
    throw thrown;
  }
}

/** Problems that a refusal names; the results have them all. */
const mostNamed = 20;

async function refuseInvalid(
  { store }: ApiParts,
  { id, onInvalid, counts }: Batch,
  known?: readonly Problem[],
): Promise<void> {
  if (onInvalid === 'skip' || counts.invalid === 0) return;
  const problems = known ?? (await invalidLines(store, id));
  const named = problems.slice(0, mostNamed).map(({ line, message }) => `line ${line}: ${message}`);
  const more = counts.invalid > named.length ? `; and ${counts.invalid - named.length} more` : '';
  throw new FleetError(
    'batch_invalid',
    `${counts.invalid} lines are not valid, so that none runs (on_invalid=skip leaves them out). ${named.join('; ')}${more}.`,
  );
}

async function invalidLines(store: ApiParts['store'], id: string): Promise<Problem[]> {
  const lines = await store.lineResults(id, { after: 0, limit: mostNamed, ended: true });
  return lines.map(({ n, problem }) => ({ line: n, message: problem ?? '' }));
}

interface NewBatchRequest {
  settings: UploadSettings;
  metadata: Record<string, string>;
  /** The lines; null when they come later. */
  stream: AsyncIterable<Buffer> | null;
}

async function readNewBatch(request: FastifyRequest): Promise<NewBatchRequest> {
  if (request.isMultipart()) return readForm(request);
  const { body } = request;
  if (body instanceof Readable) {
    return { settings: request.query as UploadSettings, metadata: {}, stream: body };
  }
  if (body == null)
    throw new FleetError('invalid_request', 'The body is missing; expected settings, or lines.');
  const { metadata, ...settings } = parse(createBatch, body, 'body');
  return { settings, metadata, stream: null };
}

async function readForm(request: FastifyRequest): Promise<NewBatchRequest> {
  const file = await request.file().catch((thrown: Error) => {
    throw new FleetError('invalid_request', `The form cannot be read: ${thrown.message}.`);
  });
  if (!file) throw new FleetError('invalid_request', 'The form has no file; expected the lines as one.');
  const fields = Object.entries(file.fields).flatMap(([name, field]) =>
    field !== undefined && 'value' in field ? [[name, field.value]] : [],
  );
  const own = parse(uploadSettings, Object.fromEntries(fields), 'form');
  const named = Object.fromEntries(fields.map(([name]) => [name, own[name as keyof UploadSettings]]));
  const settings = { ...(request.query as UploadSettings), ...named };
  return { settings, metadata: {}, stream: file.file };
}

function linesOf(request: FastifyRequest): AsyncIterable<Buffer> {
  if (request.body instanceof Readable) return request.body;
  throw new FleetError('unsupported_media_type', `The body is not ${lineTypes[0]}, which lines have to be.`);
}

function parse<T>(schema: z.ZodType<T>, value: unknown, part: string): T {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw new FleetError('invalid_request', `The ${part} is not valid. ${plainProblems(parsed.error, part)}.`);
}

/** A body that is a stream is looked at as it is read. */
const exceptBody: FastifySchemaCompiler<z.ZodType> = (route) =>
  route.httpPart === 'body' ? () => true : validateWithZod(route);

async function* startingWith(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

function found(batch: Batch | null, id: string): Batch {
  if (batch) return batch;
  throw noBatch(id);
}
