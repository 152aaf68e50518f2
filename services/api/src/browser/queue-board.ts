import type { OpenQueue } from '@mcp-fleet/queue';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Api, ApiParts } from '../parts.ts';
import { guardPage } from './dashboard.ts';

const prefix = '/queues';

/** Bull Board writes styles into its elements; its font from elsewhere is left out. */
const policy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Bull Board, which shows the ids in the queue as BullMQ has them. Nothing can be changed there: other methods than
 * GET have no route, for what is changed behind the store's back is put right by the reconciler at best.
 */
export function queueBoardRoutes(app: Api, { openQueues }: ApiParts): void {
  let opening: Promise<FastifyInstance> | undefined;
  const board = () => {
    opening ??= openBoard(openQueues).catch((thrown) => {
      opening = undefined;
      throw thrown;
    });
    return opening;
  };
  const internal = { config: { scope: 'operator' as const, basicKey: true }, schema: { hide: true } };
  app.get(prefix, internal, async (_request, reply) => reply.redirect(`${prefix}/`));
  app.get(`${prefix}/*`, internal, async (request, reply) => {
    const inner = await board();
    guardPage(reply, policy);
    const headers = Object.entries(reply.getHeaders());
    reply.hijack();
    for (const [name, value] of headers) if (value !== undefined) reply.raw.setHeader(name, value);
    inner.routing(request.raw, reply.raw);
  });
  app.addHook('onClose', async () => {
    await (await opening?.catch(() => undefined))?.close();
  });
}

/** Loaded at the first request: it costs a start of the api more than all of its own routes. */
async function openBoard(openQueues: () => Promise<OpenQueue[]>): Promise<FastifyInstance> {
  const [{ createBullBoard }, { BullMQAdapter }, { FastifyAdapter }, queues] = await Promise.all([
    import('@bull-board/api'),
    import('@bull-board/api/bullMQAdapter'),
    import('@bull-board/fastify'),
    openQueues(),
  ]);
  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath(prefix);
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter,
    options: { uiConfig: { boardTitle: 'mcp-fleet queues' } },
  });
  const app = Fastify({ forceCloseConnections: true });
  await app.register(serverAdapter.registerPlugin(), { prefix });
  await app.ready();
  return app;
}
