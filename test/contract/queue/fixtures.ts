import {
  type Delivery,
  JobConsumer,
  openPooledBackend,
  openQueueBackend,
  type QueueBackend,
} from '@mcp-fleet/queue';
import { startEmbeddedPostgres } from '@mcp-fleet/runtime';

/** Where queues are kept: a URL, or the folder of an embedded PostgreSQL. */
export interface QueuePlace {
  target: string;
  remove(): Promise<void>;
}

/** A place, opened in this process. */
export interface OpenedPlace {
  /** A queue of this place. */
  backend(queueName: string): QueueBackend;
  /** Runs SQL there; absent on Redis. */
  query?(sql: string, values: unknown[]): Promise<{ rows: unknown[] }>;
  close(): Promise<void>;
}

/** A look behind the port, for what it promises about its datastore. */
export interface QueueInside {
  /** What the datastore keeps of an id beside the id itself. */
  dataOf(queueName: string, jobId: string): Promise<unknown>;
  /** Takes the lock of a delivery away, as the expiry of a paused process would. */
  loseLock(queueName: string, jobId: string): Promise<void>;
  /** All that is kept of a queue, as text. */
  everything(queueName: string): Promise<string>;
  close(): Promise<void>;
}

export async function openPlace(target: string): Promise<OpenedPlace> {
  if (!target.includes('://')) {
    const embedded = await startEmbeddedPostgres(target);
    return {
      backend: (queueName) => openPooledBackend(embedded.pool as never, { queueName }),
      query: (sql, values) => embedded.pool.query(sql, values),
      close: () => embedded.stop(),
    };
  }
  const opened: QueueBackend[] = [];
  return {
    backend(queueName) {
      const backend = openQueueBackend(target, { queueName });
      opened.push(backend);
      return backend;
    },
    async close() {
      await Promise.all(opened.map((backend) => backend.close()));
    },
  };
}

/** The same look on both kinds of PostgreSQL. */
export function insidePostgres(
  query: (sql: string, values: unknown[]) => Promise<{ rows: unknown[] }>,
  close: () => Promise<void>,
): QueueInside {
  return {
    async dataOf(queueName, jobId) {
      const { rows } = await query('SELECT data FROM bullmq.job WHERE queue = $1 AND id = $2', [
        queueName,
        jobId,
      ]);
      return (rows[0] as { data: unknown } | undefined)?.data;
    },
    async loseLock(queueName, jobId) {
      const sql = `UPDATE bullmq.job SET lock_token = 'lost', locked_until_ms = 0 WHERE queue = $1 AND id = $2`;
      await query(sql, [queueName, jobId]);
    },
    async everything(queueName) {
      const jobs = await query('SELECT * FROM bullmq.job WHERE queue = $1', [queueName]);
      const events = await query('SELECT * FROM bullmq.event WHERE queue = $1', [queueName]);
      return JSON.stringify([jobs.rows, events.rows], (_key, value) =>
        typeof value === 'bigint' ? String(value) : value,
      );
    },
    close,
  };
}

/** A delivery that lasts until the test ends it. */
export interface HeldDelivery {
  jobId: string;
  signal: AbortSignal;
  /** Milliseconds since the epoch when it arrived. */
  at: number;
  done(): void;
  again(delayMs: number): void;
  fail(error: Error): void;
}

/** A consumer whose deliveries wait for the test. */
export interface HoldingConsumer {
  consumer: JobConsumer;
  /** The next delivery, in order of arrival. */
  next(): Promise<HeldDelivery>;
  errors: Error[];
  /** Ends what is still held and stops the consumer. */
  release(): Promise<void>;
}

/** Short, so that an id whose lock is lost comes back within a test. */
export const lockMs = 1_000;

export async function startHolding(backend: QueueBackend, concurrency = 1): Promise<HoldingConsumer> {
  const arrived: HeldDelivery[] = [];
  const waiting: ((delivery: HeldDelivery) => void)[] = [];
  const errors: Error[] = [];
  const all = new Set<HeldDelivery>();
  let releasing = false;
  const hold = (jobId: string, signal: AbortSignal) =>
    new Promise<Delivery>((resolve, reject) => {
      const held: HeldDelivery = {
        jobId,
        signal,
        at: Date.now(),
        done: () => resolve({ kind: 'done' }),
        again: (delayMs) => resolve({ kind: 'again', delayMs }),
        fail: reject,
      };
      all.add(held);
      if (releasing) held.done();
      const wanted = waiting.shift();
      if (wanted) wanted(held);
      else arrived.push(held);
    });
  const onError = (error: Error) => errors.push(error);
  const consumer = new JobConsumer(backend, hold, {
    lane: 'interactive',
    concurrency,
    lockMs,
    waiting: async () => 0,
    onError,
  });
  await consumer.start();
  return {
    consumer,
    errors,
    async release() {
      releasing = true;
      for (const held of all) held.done();
      await consumer.stop(5_000);
    },
    next: () =>
      new Promise((resolve) => {
        const ready = arrived.shift();
        if (ready) resolve(ready);
        else waiting.push(resolve);
      }),
  };
}

/** Resolves when the delivery's signal aborts. */
export function aborted({ signal }: HeldDelivery): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Ids as `addMany` takes them. */
export const jobs = (...jobIds: string[]): { jobId: string }[] => jobIds.map((jobId) => ({ jobId }));
