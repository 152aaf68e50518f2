import { Readable } from 'node:stream';
import { type Batch, FleetError } from '@mcp-fleet/core';
import { z } from 'zod';
import { batchView, foundBatch, noBatch } from '../batches/batch-views.ts';
import { csvHeader, resultPages, toCsv, toJsonLines } from '../batches/results.ts';
import { wakeLines } from '../batches/wake-lines.ts';

import { toBudget as askedBudget } from '../job-budget.ts';
import { readPage } from '../pages.ts';
import type { Api, ApiParts } from '../parts.ts';
import {
  batchesQuery,
  batch as batchSchema,
  deletedBatch,
  raiseBudget,
  resultsQuery,
} from '../schemas/batches.ts';
import { idParams, pageOf, refusals } from '../schemas/common.ts';

const tags = ['batches'];
const write = { scope: 'jobs:write' } as const;
const read = { scope: 'jobs:read' } as const;

/** Milliseconds that a batch has by default, as in Anthropic's Message Batches. */
const day = 86_400_000;

/** Jobs that are submitted together: reading, steering and ending them. */
export function batchRoutes(app: Api, parts: ApiParts): void {
  const { store } = parts;
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
      return batchView(foundBatch(await store.batch(request.caller.tenant, id), id));
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
      foundBatch(await store.batch(request.caller.tenant, id), id);
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
        const batch = foundBatch(await store.changeBatch(tenant, id, change), id);
        if (action === 'resume' && isBudgeted(batch)) await wakeLines(parts, batch);
        parts.logger.info({ batchId: id, tenant, by: keyId, state: batch.state }, `batch asked to ${action}`);
        return batchView(batch);
      },
    );
  }

  app.post(
    '/v1/batches/:id/budget',
    {
      config: { ...write, audit: { action: 'batch.raise_budget', shows: ['max_cost_usd', 'max_tokens'] } },
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
      const { budget } = foundBatch(await store.batch(tenant, id), id);
      const raised = { ...budget, ...askedBudget(request.body) };
      const batch = foundBatch(await store.changeBatch(tenant, id, { to: 'budget', budget: raised }), id);
      if (!batch.pauseReason?.startsWith('budget:')) return batchView(batch);
      const resumed = foundBatch(await store.changeBatch(tenant, id, { to: 'resume' }), id);
      await wakeLines(parts, resumed);
      return batchView(resumed);
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
      return batchView(foundBatch(await store.retryLines(request.caller.tenant, id, until), id));
    },
  );

  app.delete(
    '/v1/batches/:id',
    {
      config: { ...write, audit: { action: 'batch.delete' } },
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

const isBudgeted = ({ budget }: Batch) => budget.cost !== null || budget.tokens !== null;

async function* startingWith(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}
