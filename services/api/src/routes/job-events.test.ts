import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createLogger } from '@mcp-fleet/runtime';
import Fastify from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { expect, test } from 'vitest';
import { JobEvents } from '../job-events.ts';
import type { Api, ApiParts } from '../parts.ts';
import { jobEventRoutes } from './job-events.ts';

test('a client that leaves before its stream has begun takes no place of others', async () => {
  const looked = Promise.withResolvers<void>();
  const found = Promise.withResolvers<object>();
  const store = {
    job() {
      looked.resolve();
      return found.promise;
    },
    progress: async () => [],
  };
  const app = Fastify({ forceCloseConnections: true });
  app.setValidatorCompiler(validatorCompiler).setSerializerCompiler(serializerCompiler);
  app.decorateRequest('caller', { getter: () => ({ tenant: 'local', keyId: null }) as never });
  const parts = {
    ...{ store, events: new JobEvents(), watch: { follow: () => () => undefined } },
    ...{ logger: createLogger('test', 'silent'), streamsPerKey: 1 },
  };
  jobEventRoutes(app as unknown as Api, parts as unknown as ApiParts);
  await app.listen({ host: '127.0.0.1', port: 0 });
  try {
    const { port } = app.server.address() as AddressInfo;
    const connected = once(app.server, 'connection') as Promise<[Socket]>;
    const client = connect(port, '127.0.0.1');
    client.write('GET /v1/jobs/job_1/events HTTP/1.1\r\nhost: fleet\r\n\r\n');
    const [socket] = await connected;
    await looked.promise;
    const gone = once(socket, 'close');
    client.destroy();
    await gone;
    found.resolve({ id: 'job_1' });

    const other = await fetch(`http://127.0.0.1:${port}/v1/jobs/job_1/events`);
    expect(other.status).toBe(200);
    await other.body?.cancel();
  } finally {
    await app.close();
  }
});
