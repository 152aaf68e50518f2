import { FleetError } from '@mcp-fleet/core';
import Fastify, { type FastifyInstance } from 'fastify';
import type { FleetMetrics } from './metrics.ts';

/** What a process is asked about. A check throws when its part is not fit to work. */
export interface HealthChecks {
  [part: string]: () => Promise<void> | void;
}

/** Adds `/healthz`, `/readyz` and `/metrics` to a server. */
export function healthRoutes(
  app: FastifyInstance,
  ready: HealthChecks,
  metrics: FleetMetrics,
  alive: () => void = () => undefined,
): void {
  const open = { config: { scope: 'public' as const } };
  app.get('/healthz', open, async (_request, reply) => {
    try {
      alive();
      return { status: 'ok' };
    } catch (thrown) {
      return reply.code(503).send({ status: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  });
  app.get('/readyz', open, async (_request, reply) => {
    const parts = await Promise.all(
      Object.entries(ready).map(async ([part, check]) => {
        try {
          await check();
          return [part, 'ok'] as const;
        } catch (thrown) {
          return [part, thrown instanceof Error ? thrown.message : String(thrown)] as const;
        }
      }),
    );
    const isReady = parts.every(([, state]) => state === 'ok');
    return reply
      .code(isReady ? 200 : 503)
      .send({ status: isReady ? 'ready' : 'not ready', ...Object.fromEntries(parts) });
  });
  app.get('/metrics', open, async (_request, reply) => {
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
}

/** Adds routes to a server before it listens. */
export type ServerRoutes = (app: FastifyInstance) => void;

/** A server of its own for a process that has no other. */
export async function startHealthServer(options: {
  host: string;
  port: number;
  /** The variable that sets the port, for the message when it is taken. */
  setting: string;
  /** Throws when the process makes no progress and had better be started anew. */
  alive?: () => void;
  ready: HealthChecks;
  metrics: FleetMetrics;
  /** Further routes of the same port. */
  routes?: ServerRoutes;
}): Promise<{ url: string; stop(): Promise<void> }> {
  const app = Fastify({ forceCloseConnections: true });
  healthRoutes(app, options.ready, options.metrics, options.alive);
  options.routes?.(app);
  const url = await listen(app, options.host, options.port, options.setting);
  return { url, stop: () => app.close() };
}

/** Listens, and turns a port that is taken into an error with its remedy. */
export async function listen(
  app: FastifyInstance,
  host: string,
  port: number,
  setting: string,
): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EADDRINUSE') {
      throw new FleetError(
        'port_in_use',
        `Port ${port} on ${host} is in use by another process. Stop it, or choose another port (${setting}, 0 for any free one).`,
        { cause: thrown },
      );
    }
    throw thrown;
  }
}
