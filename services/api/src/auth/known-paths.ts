import { FleetError } from '@mcp-fleet/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/**
 * Remembers every route that is registered from now on. The function it returns tells a path that does not exist
 * from a method that a path does not have.
 */
export function knownPaths(app: FastifyInstance): (request: FastifyRequest) => FleetError {
  const paths: { url: string; pattern: RegExp; methods: Set<string> }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}/?$`);
    paths.push({ url, pattern, methods: new Set([method].flat()) });
  });
  return ({ url, method }) => {
    const [path = ''] = url.split('?');
    const exact = paths.filter(({ url: known }) => known === path);
    const fitting = exact.length > 0 ? exact : paths.filter(({ pattern }) => pattern.test(path));
    const allowed = fitting.flatMap(({ methods }) => [...methods]);
    if (allowed.length === 0) return new FleetError('not_found', `There is nothing at ${method} ${path}.`);
    const known = [...new Set(allowed)].join(', ');
    return new FleetError('method_not_allowed', `${path} has no ${method}. It has ${known}.`, {
      details: { allow: known },
    });
  };
}
