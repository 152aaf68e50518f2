import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { z } from 'zod';

/** A tool server that counts what reaches it and can be told to keep calls waiting. */
export interface CountingServer {
  url: string;
  /** Calls received by tool and argument `n`, as `add:1`. */
  counts(): Record<string, number>;
  /** Idempotency keys received, by `tool:n`. */
  keys(): Record<string, string[]>;
  /** The `traceparent` of each call that had one. */
  traces(): string[];
  /** Calls with this argument wait until they are released. */
  hold(n: number): void;
  release(n: number): void;
  /** Resolves when a client has withdrawn so many calls (`notifications/cancelled`). */
  canceled(times: number): Promise<void>;
  /** Resolves when a call with this argument has been received `times` times. */
  received(n: number, times?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a Streamable HTTP MCP server with `add(n)`, which answers `n + 1`, and `repeat(text, times)`. */
export async function startCountingServer(): Promise<CountingServer> {
  const counts: Record<string, number> = {};
  const keys: Record<string, string[]> = {};
  const traces: string[] = [];
  const held = new Map<number, { promise: Promise<void>; release: () => void }>();
  let canceled = 0;
  let watchers: (() => void)[] = [];
  const when = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const watcher = () => {
        if (!holds()) return;
        watchers = watchers.filter((other) => other !== watcher);
        resolve();
      };
      watchers.push(watcher);
      watcher();
    });

  const newServer = () => {
    const server = new McpServer({ name: 'counting', version: '1.0.0' });
    server.registerTool(
      'add',
      { description: 'Adds one to a number.', inputSchema: { n: z.number() } },
      async ({ n }, extra) => {
        const name = `add:${n}`;
        counts[name] = (counts[name] ?? 0) + 1;
        const key = extra._meta?.['fleet/idempotencyKey'];
        keys[name] = [...(keys[name] ?? []), String(key)];
        const trace = extra._meta?.traceparent;
        if (typeof trace === 'string') traces.push(trace);
        for (const watcher of watchers) watcher();
        await held.get(n)?.promise;
        return { content: [{ type: 'text', text: String(n + 1) }] };
      },
    );
    server.registerTool(
      'repeat',
      { description: 'Repeats a text.', inputSchema: { text: z.string(), times: z.number() } },
      async ({ text, times }) => ({ content: [{ type: 'text', text: text.repeat(times) }] }),
    );
    return server;
  };

  const http = createServer(async (request, response) => {
    const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
    const server = newServer();
    response.on('close', () => void server.close().catch(() => undefined));
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    const body = request.method === 'POST' ? await json(request) : undefined;
    if ((body as { method?: string } | undefined)?.method === 'notifications/cancelled') {
      canceled += 1;
      for (const watcher of watchers) watcher();
    }
    await transport.handleRequest(request, response, body);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));

  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    counts: () => ({ ...counts }),
    traces: () => [...traces],
    keys: () => ({ ...keys }),
    hold(n) {
      const { promise, resolve } = Promise.withResolvers<void>();
      held.set(n, { promise, release: resolve });
    },
    release(n) {
      held.get(n)?.release();
      held.delete(n);
    },
    canceled: (times) => when(() => canceled >= times),
    received: (n, times = 1) => when(() => (counts[`add:${n}`] ?? 0) >= times),
    async stop() {
      for (const entry of held.values()) entry.release();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}
