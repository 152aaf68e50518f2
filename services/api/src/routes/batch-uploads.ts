import { Readable } from 'node:stream';
import multipart from '@fastify/multipart';
import { type Batch, FleetError, noBudget } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { FastifyRequest, FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { batchView, foundBatch } from '../batches/batch-views.ts';
import { estimateLines } from '../batches/estimate-lines.ts';
import { type Problem, uploadLines } from '../batches/upload-lines.ts';
import { plainProblems, validateWithZod } from '../errors.ts';
import { toBudget as askedBudget } from '../job-budget.ts';
import type { Api, ApiParts } from '../parts.ts';
import {
  appendQuery,
  batchEstimate,
  batch as batchSchema,
  createBatch,
  estimateQuery,
  type UploadSettings,
  uploadedBatch,
  uploadSettings,
} from '../schemas/batches.ts';
import { idParams, refusals } from '../schemas/common.ts';

const tags = ['batches'];
const write = { scope: 'jobs:write' } as const;

/** Milliseconds that a batch has by default, as in Anthropic's Message Batches. */
const day = 86_400_000;

const lineTypes = ['application/jsonl', 'application/x-ndjson', 'application/x-jsonlines'];
const jsonLines = z.string().meta({ description: 'Lines of JSON, each a `BatchLine`.' });
const linesContent = Object.fromEntries(lineTypes.map((type) => [type, { schema: jsonLines }]));

/** How lines get into a batch. Bodies of lines are streams, which nothing here reads whole. */
export async function batchUploadRoutes(app: Api, parts: ApiParts): Promise<void> {
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
      const batch = foundBatch(await store.batch(tenant, id), id);
      const problems = await uploadLines(parts, { ...batch, bytes: offset }, linesOf(request));
      return { ...batchView(foundBatch(await store.batch(tenant, id), id)), invalid_lines: problems };
    },
  );

  app.post(
    '/v1/batches/estimate',
    {
      config: { ...write, streamed: true },
      schema: {
        tags,
        summary: 'Tell what lines may use, without keeping them',
        description:
          'Bounds that add up: those of a file are the sums of those of its parts. Lines that are not valid are counted and left out.',
        querystring: estimateQuery,
        body: { content: linesContent },
        response: { 200: batchEstimate, ...refusals },
      },
      validatorCompiler: exceptBody,
    } as never,
    async (request: FastifyRequest) =>
      estimateLines(
        parts,
        request.caller.tenant,
        request.query as z.infer<typeof estimateQuery>,
        linesOf(request),
      ),
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
      const batch = foundBatch(await store.batch(tenant, id), id);
      if (batch.state === 'uploading') await refuseInvalid(parts, batch);
      return batchView(foundBatch(await store.finalizeBatch(tenant, id), id));
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
    await refuseInvalid(parts, foundBatch(await store.batch(tenant, id), id), problems);
    return { batch: foundBatch(await store.finalizeBatch(tenant, id), id), problems };
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
