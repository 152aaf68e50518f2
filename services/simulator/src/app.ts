import type { IncomingHttpHeaders } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { anthropicApi, readAnthropicPrompt } from './anthropic-api.ts';
import { ApiFault } from './api-fault.ts';
import { addBatchRoutes } from './batch-routes.ts';
import { checkAccess } from './check-access.ts';
import { addControlRoutes } from './control-routes.ts';
import type { Conversation } from './conversation.ts';
import type { ModelApi } from './model-api.ts';
import { openaiApi } from './openai-api.ts';
import { countInput } from './reply.ts';
import type { LoggedRequest } from './request-log.ts';
import { sendAnswer, sendFault } from './send-answer.ts';
import type { Simulator } from './simulator.ts';

/** The limit of the real Messages API. */
const bodyLimit = 32 * 1024 * 1024;

let served = 0;

/** The HTTP face: both model APIs, and the control routes under `/__sim`. */
export function createApp(simulator: Simulator, apiKey: string | null | undefined): FastifyInstance {
  const app = Fastify({
    bodyLimit,
    forceCloseConnections: true,
    keepAliveTimeout: 60_000,
    rewriteUrl: nameClient,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => {
    const api = request.url.startsWith('/v1/chat/') ? openaiApi : anthropicApi;
    sendFault(asFault(error), { api, reply, requestId: nextRequestId(reply) });
  });
  app.setNotFoundHandler((request) => {
    throw new ApiFault(404, `Not found: ${request.method} ${request.url}`);
  });

  const { post } = completions(simulator, apiKey);
  app.post('/v1/messages', post(anthropicApi));
  app.post('/v1/chat/completions', post(openaiApi));
  app.post('/v1/messages/count_tokens', async (request) => {
    checkAccess(request.headers, apiKey);
    const conversation = readAnthropicPrompt(parseBody(request.body), request.headers);
    return { input_tokens: countInput(conversation, JSON.stringify(conversation.messages)) };
  });
  app.get('/v1/models', async (request) => {
    checkAccess(request.headers, apiKey);
    return modelList;
  });
  app.get('/healthz', async () => ({ status: 'ok' }));
  const { batches } = simulator;
  addBatchRoutes(app, { batches, config: () => simulator.config }, { apiKey, parse: parseBody });
  addControlRoutes(app, simulator);
  return app;
}

function completions(simulator: Simulator, apiKey: string | null | undefined) {
  const serve = async (
    api: ModelApi,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    const requestId = nextRequestId(reply);
    const job = request.headers['x-fleet-job'] as string | undefined;
    simulator.stats.begin(job);
    let status: number | null = null;
    let logged: LoggedRequest | undefined;
    try {
      checkAccess(request.headers, apiKey);
      const conversation: Conversation = api.read(parseBody(request.body), request.headers);
      if (simulator.config.requestLog) {
        const client = request.headers[clientHeader] as string | undefined;
        logged = simulator.requests.begin({ job, client, requestId }, conversation.messages);
      }
      const answer = await simulator.answer(conversation, job, () => leaving(reply));
      const { eventMs } = simulator.config;
      status = await sendAnswer(answer, { api, conversation, reply, requestId, eventMs });
    } catch (thrown) {
      status = sendFault(asFault(thrown), { api, reply, requestId });
    } finally {
      simulator.stats.end(job, requestId, status);
      if (logged) simulator.requests.end(logged, status);
    }
    return reply;
  };
  return {
    post: (api: ModelApi) => (request: FastifyRequest, reply: FastifyReply) => serve(api, request, reply),
  };
}

const clientHeader = 'x-simulator-client';

/** `/as/<name>/v1/…` is `/v1/…`, asked by a client of that name. */
function nameClient(request: { url?: string | undefined; headers: IncomingHttpHeaders }): string {
  const url = request.url ?? '/';
  const named = /^\/as\/([\w.-]{1,64})(\/.*)$/.exec(url);
  if (!named) return url;
  request.headers[clientHeader] = named[1];
  return named[2] as string;
}

/** Aborted when the client closes its connection before the answer is sent. */
function leaving(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  if (reply.raw.destroyed) controller.abort();
  reply.raw.once('close', () => controller.abort());
  return controller.signal;
}

function parseBody(body: unknown): unknown {
  try {
    return JSON.parse(String(body ?? ''));
  } catch {
    throw new ApiFault(400, 'The request body is not valid JSON');
  }
}

function asFault(thrown: unknown): ApiFault {
  if (thrown instanceof ApiFault) return thrown;
  const { code, statusCode, message } = thrown as { code?: string; statusCode?: number; message: string };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new ApiFault(413, 'Request exceeds the maximum size of 32 MB');
  }
  return new ApiFault(statusCode ?? 500, statusCode === undefined ? 'Internal server error' : message);
}

/** Unique within the process, and visible to both SDKs under the header that each of them reads. */
function nextRequestId(reply: FastifyReply): string {
  served += 1;
  const id = `req_sim${served.toString(36).padStart(8, '0')}`;
  reply.headers({ 'request-id': id, 'x-request-id': id });
  return id;
}

/** One body that both SDKs can read. */
const modelList = {
  object: 'list',
  data: [
    {
      id: 'simulated',
      type: 'model',
      object: 'model',
      display_name: 'Simulated (no real model)',
      created_at: '2023-11-14T22:13:20Z',
      created: 1_700_000_000,
      owned_by: 'mcp-fleet',
    },
  ],
  has_more: false,
  first_id: 'simulated',
  last_id: 'simulated',
};
