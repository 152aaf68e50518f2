import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A Streamable HTTP server with sessions, written by hand so that it can break the rules. */
export interface NastyHttp {
  url: string;
  /** Sessions begun so far. */
  begun(): number;
  /** Texts that the tool `echo` received, in order. */
  received: string[];
  /** Forgets every session, as a restart would. */
  forget(): void;
  stop(): Promise<void>;
}

interface Rpc {
  id?: number;
  method: string;
  params?: { name?: string; arguments?: { text?: string; bytes?: number } };
}

/** @param unknownSession the status for a session that is not known: 404 by the standard, often 400 */
export async function startNastyHttp(unknownSession = 404): Promise<NastyHttp> {
  const sessions = new Set<string>();
  const received: string[] = [];
  let begun = 0;
  const server = createServer(async (request, response) => {
    if (request.method !== 'POST') {
      response.writeHead(405).end();
      return;
    }
    const rpc: Rpc = JSON.parse(await bodyOf(request));
    if (rpc.method === 'initialize') {
      begun += 1;
      const session = randomUUID();
      sessions.add(session);
      response.setHeader('mcp-session-id', session);
    } else if (!sessions.has(String(request.headers['mcp-session-id']))) {
      response.writeHead(unknownSession).end('No valid session');
      return;
    }
    answer(rpc, response, received);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    begun: () => begun,
    received,
    forget: () => sessions.clear(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(rpc: Rpc, response: ServerResponse, received: string[]): void {
  if (rpc.id === undefined) {
    response.writeHead(202).end();
  } else if (rpc.method === 'initialize') {
    const serverInfo = { name: 'nasty-http', version: '1' };
    reply(response, rpc, { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo });
  } else if (rpc.method === 'tools/list') {
    const names = ['echo', 'cut', 'reset', 'fail', 'big', 'hang'];
    reply(response, rpc, { tools: names.map((name) => ({ name, inputSchema: { type: 'object' } })) });
  } else {
    call(rpc, response, received);
  }
}

function call(rpc: Rpc, response: ServerResponse, received: string[]): void {
  const { text = '', bytes = 0 } = rpc.params?.arguments ?? {};
  switch (rpc.params?.name) {
    case 'cut':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': working\n\n', () => response.end());
      break;
    case 'reset':
      response.destroy();
      break;
    case 'fail':
      response.writeHead(500).end('out of order');
      break;
    case 'hang':
      break;
    case 'big':
      stream(response, rpc, { content: [{ type: 'text', text: 'x'.repeat(bytes) }] });
      break;
    default:
      received.push(text);
      reply(response, rpc, { content: [{ type: 'text', text }] });
  }
}

function reply(response: ServerResponse, { id }: Rpc, result: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
}

function stream(response: ServerResponse, { id }: Rpc, result: unknown): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body;
}
