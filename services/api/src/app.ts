import { randomUUID } from 'node:crypto';
import { healthRoutes } from '@mcp-fleet/runtime';
import Fastify, { LogController } from 'fastify';
import { AuditLog } from './audit-log.ts';
import { auditRequests } from './audit-requests.ts';
import { guardRoutes } from './auth/guard.ts';
import { dashboardRoutes } from './browser/dashboard.ts';
import { queueBoardRoutes } from './browser/queue-board.ts';
import { Enqueuer } from './enqueuer.ts';
import { sendError, validateWithZod } from './errors.ts';
import { describeApi } from './open-api.ts';
import { parseJsonBodies } from './parse-json.ts';
import type { Api, ApiParts, ApiSetup } from './parts.ts';
import { agentRoutes } from './routes/agents.ts';
import { approvalRoutes } from './routes/approvals.ts';
import { auditRoutes } from './routes/audit.ts';
import { batchUploadRoutes } from './routes/batch-uploads.ts';
import { batchRoutes } from './routes/batches.ts';
import { jobActionRoutes } from './routes/job-actions.ts';
import { jobBudgetRoutes } from './routes/job-budget.ts';
import { jobEventRoutes } from './routes/job-events.ts';
import { jobWebhookRoutes } from './routes/job-webhooks.ts';
import { jobRoutes } from './routes/jobs.ts';
import { keyRoutes } from './routes/keys.ts';
import { mcpRoutes } from './routes/mcp.ts';
import { messageBatchRoutes } from './routes/message-batches.ts';
import { messageRoutes } from './routes/messages.ts';
import { overviewRoutes } from './routes/overview.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { toolResultRoutes } from './routes/tool-results.ts';
import { toolRoutes } from './routes/tools.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { traceRequests } from './trace-requests.ts';

/** Bytes that a request body may have. */
const bodyLimit = 8 * 1024 * 1024;

/** Characters of a part of a path that still reach a schema, which says what is too long. */
const longestPath = 16_384;

/** Milliseconds that a client may take to send a whole request. */
const requestTimeout = 60_000;

/** The HTTP API, not yet listening. */
export async function createApp(setup: ApiSetup): Promise<Api> {
  const enqueuer = new Enqueuer(setup.queue, setup.logger);
  const parts: ApiParts = { ...setup, enqueuer };
  const app = Fastify({
    loggerInstance: parts.logger,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    bodyLimit,
    requestTimeout,
    routerOptions: { maxParamLength: longestPath },
    frameworkErrors: sendError as never,
    genReqId: () => `req_${randomUUID().replaceAll('-', '')}`,
  }) as unknown as Api;
  parseJsonBodies(app);
  app.setValidatorCompiler(validateWithZod);
  // The routes' types hold answers to their schemas; parsing them again would cost time on every request.
  app.setSerializerCompiler(() => JSON.stringify);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('request-id', request.id);
  });
  app.setErrorHandler((error: Error, request, reply) => sendError(error, request, reply));
  app.setNotFoundHandler(() => undefined);
  traceRequests(app, parts.tracing);
  guardRoutes(app, parts.authenticator, parts.limits);
  auditRequests(app, new AuditLog(parts.store));
  await describeApi(app);
  await app.register(async (open) => {
    healthRoutes(open, parts.ready, parts.metrics);
  });
  overviewRoutes(app, parts);
  jobRoutes(app, parts);
  jobActionRoutes(app, parts);
  jobBudgetRoutes(app, parts);
  jobEventRoutes(app, parts);
  await app.register(async (uploads) => batchUploadRoutes(uploads as Api, parts));
  batchRoutes(app, parts);
  await app.register(async (messages) => messageRoutes(messages as Api, parts));
  await app.register(async (batches) => messageBatchRoutes(batches as Api, parts));
  toolResultRoutes(app, parts);
  approvalRoutes(app, parts);
  sessionRoutes(app, parts);
  toolRoutes(app, parts);
  agentRoutes(app, parts);
  webhookRoutes(app, parts);
  jobWebhookRoutes(app, parts);
  keyRoutes(app, parts);
  auditRoutes(app, parts);
  mcpRoutes(app);
  await dashboardRoutes(app);
  queueBoardRoutes(app, parts);
  app.addHook('onClose', async () => {
    await enqueuer.drain();
    await parts.watch.stop();
    await parts.roster.stop();
    await parts.authenticator.stop();
  });
  return app;
}
