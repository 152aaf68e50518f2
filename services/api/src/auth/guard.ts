import { FleetError, type Scope } from '@mcp-fleet/core';
import type { FastifyInstance } from 'fastify';
import type { Authenticator, Caller } from './authenticator.ts';
import { isCounted } from './counted-once.ts';
import { knownPaths } from './known-paths.ts';
import type { Limits } from './limits.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a caller's key has to allow; `public` needs no key. Every route says it. */
    scope?: Scope | 'public';
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

/** Lets a request in when its caller's key allows the route's scope, and its tenant may make one more. */
export function guardRoutes(app: FastifyInstance, authenticator: Authenticator, limits: Limits): void {
  const noRoute = knownPaths(app);
  app.decorateRequest('caller', null as never);
  app.addHook('onRoute', ({ url, config }) => {
    if (config?.scope === undefined && !url.startsWith('/docs')) throw new Error(`${url} says no scope`);
  });
  app.addHook('onRequest', async (request) => {
    if (request.is404) throw noRoute(request);
    const { scope } = request.routeOptions.config;
    if (scope === 'public') return;
    const caller = await authenticator.caller(request.headers);
    request.caller = caller;
    if (scope !== undefined && !caller.scopes.has(scope)) {
      throw new FleetError('permission_denied', `The key lacks the scope ${scope}. Ask for one that has it.`);
    }
    if (!isCounted()) await limits.countRequest(caller.tenant);
  });
}
