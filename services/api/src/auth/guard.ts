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
    /** True where browsers go by themselves: the key may be the password of HTTP's basic authentication. */
    basicKey?: boolean;
  }
  interface FastifyRequest {
    caller: Caller;
  }
}

/** Lets a request in when its caller's key allows the route's scope, and its tenant may make one more. */
export function guardRoutes(app: FastifyInstance, authenticator: Authenticator, limits: Limits): void {
  const noRoute = knownPaths(app);
  app.decorateRequest('caller', null as never);
  app.addHook('onRoute', (route) => {
    const { url, config } = route;
    // The routes of the API's description are a plugin's, which cannot say it.
    if (url.startsWith('/docs')) route.config = { ...config, scope: 'public' };
    else if (config?.scope === undefined) throw new Error(`${url} says no scope`);
  });
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) throw noRoute(request);
    const { scope, basicKey = false } = request.routeOptions.config;
    if (scope === 'public') return;
    // A browser asks for the key when an answer says so, and only then.
    if (basicKey)
      reply.header('www-authenticate', 'Basic realm="mcp-fleet: any name, an API key as the password"');
    const caller = await authenticator.caller(request.headers, { basic: basicKey });
    reply.removeHeader('www-authenticate');
    request.caller = caller;
    if (scope && !caller.scopes.has(scope)) {
      throw new FleetError('permission_denied', `The key lacks the scope ${scope}. Ask for one that has it.`);
    }
    if (!isCounted()) await limits.countRequest(caller.tenant);
  });
}
