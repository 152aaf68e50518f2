import { FleetClient } from '@mcp-fleet/client';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { createMcpServer } from '../mcp/create-mcp-server.ts';
import { injectFetch } from '../mcp/inject-fetch.ts';
import { isOwnOrigin } from '../mcp/own-origin.ts';
import type { Api } from '../parts.ts';

/**
 * `/mcp`: the fleet as an MCP server over stateless Streamable HTTP. Each POST has a server of its own, so any
 * replica answers any request; a caller that closes its response stream gives up what it asked for.
 */
export function mcpRoutes(app: Api): void {
  const schema = { hide: true };
  const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
    const { origin, host } = request.headers;
    if (origin !== undefined && !isOwnOrigin(origin, host)) {
      return refuse(reply, 403, 'Pages of other origins may not use this server.');
    }
  };
  app.post('/mcp', { onRequest, schema, config: { scope: 'jobs:read' } }, async (request, reply) => {
    // A request counts once in the caller's limits, so it asks for one thing.
    if (Array.isArray(request.body)) {
      return refuse(reply, 400, 'Send one message in a request; MCP has no batches since 2025-06-18.');
    }
    reply.hijack();
    reply.raw.setHeader('request-id', request.id);
    try {
      await answer(app, request, reply);
    } catch (thrown) {
      request.log.error({ err: thrown }, 'the MCP request was not answered');
      reply.raw.destroy();
    }
  });
  app.route({
    method: ['GET', 'DELETE'],
    url: '/mcp',
    onRequest,
    schema,
    config: { scope: 'public' },
    handler: (_request, reply) =>
      refuse(reply.header('allow', 'POST') as FastifyReply, 405, 'This server keeps no sessions: use POST.'),
  });
}

/** One server and transport a request, as the SDK's stateless mode asks for. */
async function answer(app: Api, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const client = new FleetClient({ url: 'http://fleet.internal', fetch: injectFetch(app, request) });
  const server = createMcpServer(client);
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: false });
  reply.raw.once('close', () => {
    void server.close();
  });
  // The SDK's class declares its callbacks with other optionality than its own interface.
  await server.connect(transport as Transport);
  await transport.handleRequest(request.raw, reply.raw, request.body);
}

function refuse(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).send({ jsonrpc: '2.0', id: null, error: { code: -32000, message } });
}
