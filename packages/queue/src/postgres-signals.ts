import { setTimeout as sleep } from 'node:timers/promises';
import { decodeSignal, encodeSignal, type FleetSignal, type Signals } from './signals.ts';

/** A borrowed connection, as a `pg.PoolClient` and the embedded PostgreSQL's are. */
export interface ListeningClient {
  query(text: string): Promise<unknown>;
  release(destroy?: boolean): void;
  on(event: 'notification', listener: (message: { channel: string; payload?: string }) => void): unknown;
  on(event: 'error' | 'end', listener: () => void): unknown;
}

interface ListeningPool {
  query(text: string, values?: unknown[]): Promise<unknown>;
  connect(): Promise<ListeningClient>;
}

const reconnectMs = 500;

/** Signals by PostgreSQL's NOTIFY and LISTEN, over one connection that is borrowed for as long as it listens. */
export function postgresSignals(channel: string, pool: ListeningPool): Signals {
  return {
    async publish(signal) {
      for (const message of encodeSignal(signal)) {
        await pool.query('SELECT pg_notify($1, $2)', [channel, message]).catch(() => undefined);
      }
    },
    async listen(listener) {
      const stopped = new AbortController();
      const first = await listenOnce(pool, channel, listener);
      const loop = keepListening(pool, channel, listener, first, stopped.signal);
      return {
        async stop() {
          stopped.abort();
          await loop;
        },
      };
    },
  };
}

interface Subscription {
  client: ListeningClient;
  broken: Promise<void>;
}

async function listenOnce(
  pool: ListeningPool,
  channel: string,
  listener: (signal: FleetSignal) => void,
): Promise<Subscription> {
  const client = await pool.connect();
  const broken = new Promise<void>((resolve) => {
    client.on('error', resolve);
    client.on('end', resolve);
  });
  client.on('notification', (message) => {
    const signal = message.channel === channel && message.payload ? decodeSignal(message.payload) : null;
    if (signal) listener(signal);
  });
  await client.query(`LISTEN "${channel}"`);
  return { client, broken };
}

async function keepListening(
  pool: ListeningPool,
  channel: string,
  listener: (signal: FleetSignal) => void,
  first: Subscription,
  stopped: AbortSignal,
): Promise<void> {
  const whenStopped = new Promise<void>((resolve) => stopped.addEventListener('abort', () => resolve()));
  for (let current: Subscription | null = first; !stopped.aborted; ) {
    if (current === null) {
      await sleep(reconnectMs, undefined, { signal: stopped }).catch(() => undefined);
      current = stopped.aborted ? null : await listenOnce(pool, channel, listener).catch(() => null);
      continue;
    }
    await Promise.race([current.broken, whenStopped]);
    if (stopped.aborted) await current.client.query(`UNLISTEN "${channel}"`).catch(() => undefined);
    current.client.release(true);
    current = null;
  }
}
