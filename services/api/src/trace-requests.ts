import { parseTraceparent, type Tracing } from '@mcp-fleet/runtime';
import type { Api } from './parts.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The `traceparent` that what this request brings belongs to. */
    trace: string | null;
  }
}

/** Hands the caller's trace on to jobs; where spans are sent, the request has one of its own in between. */
export function traceRequests(app: Api, tracing: Tracing | null): void {
  app.decorateRequest('trace', null);
  app.addHook('onRequest', async (request, reply) => {
    const parent = parseTraceparent(request.headers.traceparent);
    request.trace = parent;
    const { config, url } = request.routeOptions;
    if (tracing === null || url === undefined || config.scope === 'public') return;
    const traced = tracing.request(request.method, url, parent);
    request.trace = traced.traceparent;
    reply.raw.once('close', () => traced.end(reply.statusCode));
  });
}
