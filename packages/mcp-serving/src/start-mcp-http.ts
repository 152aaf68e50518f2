import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

/** A running server: `url` is the MCP endpoint; `stop` ends open requests and frees the port, repeatably. */
export interface McpHttp {
  url: string;
  stop(): Promise<void>;
}

/**
 * Serves the tools over stateless Streamable HTTP at `/mcp`, and liveness at `/healthz`. Any replica can
 * answer any request. On a loopback host, requests that name another host are refused (DNS rebinding).
 *
 * @param create makes a server that keeps no state between calls; one for each request
 * @param options `port` 0 takes a free one; `host` is 127.0.0.1 unless told
 * @throws the error of `listen`, such as EADDRINUSE
 */
export async function startMcpHttp(
  create: () => McpServer,
  options: { port: number; host?: string },
): Promise<McpHttp> {
  const host = options.host ?? '127.0.0.1';
  const loopback = ['127.0.0.1', 'localhost', '::1'].includes(host);
  const server = createServer((request, response) => {
    void route(create, request, response, loopback);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  let stopped: Promise<void> | undefined;
  return {
    url: `http://${name}:${port}/mcp`,
    stop: () => {
      stopped ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return stopped;
    },
  };
}

async function route(
  create: () => McpServer,
  request: IncomingMessage,
  response: ServerResponse,
  loopback: boolean,
): Promise<void> {
  const path = request.url?.split('?')[0];
  if (loopback && !isLoopback(request.headers.host ?? '')) return refuse(response, 403, 'Host not allowed');
  if (path === '/healthz') return reply(response, 200, { status: 'ok' });
  if (path !== '/mcp') return refuse(response, 404, 'The MCP endpoint is /mcp');
  if (request.method !== 'POST') return refuse(response, 405, 'This server keeps no sessions: use POST');
  try {
    await answer(create(), request, response);
  } catch (thrown) {
    if (response.headersSent) response.destroy();
    else refuse(response, 500, thrown instanceof Error ? thrown.message : String(thrown));
  }
}

/** One server and transport a request, as the SDK's stateless mode asks for. */
async function answer(server: McpServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  response.once('close', () => {
    void server.close();
  });
  // The SDK's class declares its callbacks with other optionality than its own interface.
  await server.connect(transport as Transport);
  await transport.handleRequest(request, response);
}

function isLoopback(hostHeader: string): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(hostHeader);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  reply(response, status, { jsonrpc: '2.0', id: null, error: { code: -32000, message } });
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(status === 405 ? { allow: 'POST' } : {}),
  });
  response.end(JSON.stringify(body));
}
