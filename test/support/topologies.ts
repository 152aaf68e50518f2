import { randomBytes } from 'node:crypto';
import type { ContextStore } from '@mcp-fleet/core';
import { BullJobQueue, openQueueBackend } from '@mcp-fleet/queue';
import { openStore } from '@mcp-fleet/store';
import pg from 'pg';
import { type Service, service } from './services.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** A topology by URLs, empty and for one test alone. */
export interface TestTopology {
  /** The environment of its processes; their store is reached through `storeProxy`. */
  env: Record<string, string>;
  store: ContextStore;
  queue: BullJobQueue;
  storeProxy: TcpProxy;
  /** Removes everything that the queue has. */
  wipeQueue(): Promise<void>;
  stop(): Promise<void>;
}

export const topologies: { name: string; needs: Service[]; open: () => Promise<TestTopology> }[] = [
  { name: 'postgres (PostgreSQL for both)', needs: ['postgres'], open: openPostgresTopology },
  { name: 'fleet (Redis and MongoDB)', needs: ['redis', 'mongo'], open: openFleetTopology },
];

/** For suites whose difference between topologies is in the contracts of store and queue: one, or all if asked. */
export const someTopologies = process.env.TEST_EVERY_TOPOLOGY ? topologies : topologies.slice(0, 1);

/** A name that no other test has. */
export const uniqueName = (): string => `fleet_test_${randomBytes(6).toString('hex')}`;

/** Creates a database on the test's PostgreSQL server. */
export async function createPostgresDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const name = uniqueName();
  const run = async (sql: string) => {
    const client = new pg.Client({ connectionString: service('postgres') });
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  await run(`CREATE DATABASE ${name}`);
  const url = new URL(service('postgres'));
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

async function openPostgresTopology(): Promise<TestTopology> {
  const database = await createPostgresDatabase();
  return openTopology(database.url, database.url, () => database.drop());
}

async function openFleetTopology(): Promise<TestTopology> {
  const url = new URL(service('mongo'));
  url.pathname = `/${uniqueName()}`;
  return openTopology(url.href, service('redis'), async () => undefined);
}

/** Store and queue at these URLs; `drop` removes what the test leaves there. */
export async function openTopology(
  storeUrl: string,
  queueUrl: string,
  drop: () => Promise<void>,
): Promise<TestTopology> {
  const store = await openStore(storeUrl);
  await store.migrate();
  const queueName = uniqueName();
  const backend = openQueueBackend(queueUrl, { queueName });
  await backend.migrate();
  const queue = new BullJobQueue(backend);
  await queue.start();
  const target = new URL(storeUrl);
  const storeProxy = await startTcpProxy(target.hostname, Number(target.port));
  target.port = String(storeProxy.port);
  return {
    env: {
      STORE_URL: target.href,
      QUEUE_URL: queueUrl,
      QUEUE_NAME: queueName,
      QUEUE_LOCK_MS: '1000',
      WORKER_PORT: '0',
      RECONCILER_PORT: '0',
      API_PORT: '0',
    },
    store,
    queue,
    storeProxy,
    wipeQueue: () => queue.wipe(),
    async stop() {
      await queue.stop();
      await backend.close();
      await store.close();
      await storeProxy.stop();
      await drop();
    },
  };
}
