import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalid } from './api-fault.ts';
import { batchResults, batchView } from './batches.ts';
import { checkAccess } from './check-access.ts';
import type { Simulator } from './simulator.ts';

/** The limit of the real Message Batches API. */
const bodyLimit = 256 * 1024 * 1024;

const mostListed = 1_000;
const path = '/v1/messages/batches';

type OfBatch = FastifyRequest<{ Params: { id: string } }>;
type OfList = FastifyRequest<{ Querystring: { limit?: string; after_id?: string; before_id?: string } }>;

/** The Message Batches API. `parse` reads a body as JSON, or throws ApiFault. */
export function addBatchRoutes(
  app: FastifyInstance,
  { batches, config }: { batches: Simulator['batches']; config: () => Simulator['config'] },
  { apiKey, parse }: { apiKey: string | null | undefined; parse: (body: unknown) => unknown },
): void {
  const check = (request: FastifyRequest) => {
    checkAccess(request.headers, apiKey);
    if (!request.headers['anthropic-version']) throw invalid('anthropic-version: header is required');
  };
  const origin = (request: FastifyRequest) => `http://${request.headers.host}`;

  app.post(path, { bodyLimit }, async (request, reply) => {
    check(request);
    const made = batches.create(parse(request.body), config().batchMs);
    if (typeof made === 'object') return batchView(made, origin(request));
    reply.hijack();
    if (made === 'lost') reply.raw.destroy();
    return reply;
  });
  app.get(path, async (request: OfList) => {
    check(request);
    const { after_id, before_id, limit = '20' } = request.query;
    const size = Number(limit);
    if (!Number.isInteger(size) || size < 1 || size > mostListed) throw invalid('limit: from 1 to 1000');
    const all = batches.list();
    const begin = after_id === undefined ? 0 : all.findIndex((batch) => batch.id === after_id) + 1;
    const end = before_id === undefined ? all.length : all.findIndex((batch) => batch.id === before_id);
    const page =
      before_id === undefined ? all.slice(begin, begin + size) : all.slice(Math.max(0, end - size), end);
    return {
      data: page.map((batch) => batchView(batch, origin(request))),
      has_more: before_id === undefined ? begin + size < all.length : end - size > 0,
      first_id: page[0]?.id ?? null,
      last_id: page.at(-1)?.id ?? null,
    };
  });
  app.get(`${path}/:id`, async (request: OfBatch) => {
    check(request);
    return batchView(batches.get(request.params.id), origin(request));
  });
  app.get(`${path}/:id/results`, async (request: OfBatch, reply) => {
    check(request);
    return reply.type('application/x-jsonl').send(batchResults(batches.get(request.params.id)));
  });
  app.post(`${path}/:id/cancel`, async (request: OfBatch) => {
    check(request);
    return batchView(batches.cancel(request.params.id), origin(request));
  });
  app.delete(`${path}/:id`, async (request: OfBatch) => {
    check(request);
    batches.delete(request.params.id);
    return { id: request.params.id, type: 'message_batch_deleted' };
  });
}
