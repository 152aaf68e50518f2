import type { FastifyRequest } from 'fastify';
import { withoutCounting } from '../auth/counted-once.ts';
import type { Api } from '../parts.ts';

/** Headers that say who the caller is. */
const credentials = ['x-api-key', 'authorization'];

/**
 * A `fetch` that asks this app itself, without the network, as the caller of a request: with the caller's
 * credentials and from the caller's address; the caller's request stands for it in the limits. An answer comes
 * whole, so it is not for streams.
 */
export function injectFetch(app: Api, caller: FastifyRequest): typeof fetch {
  const identity = Object.fromEntries(
    credentials.flatMap((name) => {
      const value = caller.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
  return async (input, init = {}) => {
    const request = new Request(input, init);
    const { pathname, search } = new URL(request.url);
    const body = await request.text();
    const response = await withoutCounting(async () =>
      app.inject({
        method: request.method as 'GET',
        url: `${pathname}${search}`,
        headers: { ...Object.fromEntries(request.headers), ...identity },
        remoteAddress: caller.ip,
        signal: request.signal,
        ...(body === '' ? {} : { payload: body }),
      }),
    );
    const headers = Object.entries(response.headers).map(([name, value]) => [name, String(value)] as const);
    return new Response(response.payload, { status: response.statusCode, headers: headers as never });
  };
}
