import { randomUUID } from 'node:crypto';
import { FleetError } from '@mcp-fleet/core';
import { healthRoutes } from '@mcp-fleet/runtime';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { sendError } from './errors.ts';
import type { ApiParts } from './parts.ts';
import { jobActionRoutes } from './routes/job-actions.ts';
import { jobEventRoutes } from './routes/job-events.ts';
import { jobRoutes } from './routes/jobs.ts';
import { mcpRoutes } from './routes/mcp.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { toolRoutes } from './routes/tools.ts';

/** Bytes that a request body may have. */
const bodyLimit = 8 * 1024 * 1024;

/** The HTTP API, not yet listening. */
export function createApp(parts: ApiParts): FastifyInstance {
  const app = Fastify({
    loggerInstance: parts.logger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    bodyLimit,
    genReqId: () => `req_${randomUUID().replaceAll('-', '')}`,
  }) as unknown as FastifyInstance;
  app.addHook('onRequest', async (request, reply) => {
    reply.header('request-id', request.id);
  });
  app.setErrorHandler((error: Error, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler((request) => {
    throw new FleetError('not_found', `There is nothing at ${request.method} ${request.url.split('?')[0]}.`);
  });
  healthRoutes(app, parts.ready, parts.metrics);
  jobRoutes(app, parts);
  jobActionRoutes(app, parts);
  jobEventRoutes(app, parts);
  sessionRoutes(app, parts);
  toolRoutes(app, parts);
  mcpRoutes(app);
  return app;
}
