import { FleetError } from '@mcp-fleet/core';
import {
  type BackendFactory,
  createPostgresBackend,
  DEFAULT_SCHEMA,
  type IQueueBackend,
  runMigrations,
} from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import pg from 'pg';
import { countersTable, createCounters } from './counters-table.ts';
import { checkPostgresClock, postgresWarnings, redisWarnings } from './datastore-setup.ts';
import { localSignals } from './local-signals.ts';
import { postgresSignals } from './postgres-signals.ts';
import type { QueuePool } from './queue-pool.ts';
import { redisSignals } from './redis-signals.ts';
import type { Signals } from './signals.ts';

/** How BullMQ reaches its datastore. Everything in this package that differs between the two is here. */
export interface QueueBackend {
  /** `redis`, or `postgres` for a server as well as for PostgreSQL in the process. */
  readonly kind: 'redis' | 'postgres';
  /** The name under which the queue is kept; queues of two fleets on one server differ by it. */
  readonly queueName: string;
  /** A connection for producers, which fail at once while the datastore is away. */
  producer(): BullConnection;
  /** A connection for workers, which wait for the datastore to come back. */
  consumer(): BullConnection;
  /** Messages to all processes that share this queue. */
  signals(): Signals;
  /** Where counters of all processes can be kept; null for PostgreSQL in the process, which has one alone. */
  counters(): Counters | null;
  /** Prepares the datastore. Idempotent. */
  migrate(): Promise<void>;
  /** Resolves when the datastore answers, throws `queue_unavailable` with the reason otherwise. */
  check(): Promise<void>;
  /**
   * Throws `queue_unavailable` when this machine's clock differs from the datastore's by more than that. Locks
   * on PostgreSQL are written by the clocks of those who hold them, so a clock that is off takes ids from
   * workers that are alive. Locks on Redis run by the clock of Redis: any clock will do.
   */
  checkClock(toleratedMs: number): Promise<void>;
  /** What the datastore's set-up does not protect against, a sentence each. Empty when all is well. */
  setupWarnings(): Promise<string[]>;
  close(): Promise<void>;
}

/** A connection for counting, and what every name there begins with. The table is there once it is migrated. */
export type Counters = { prefix: string } & (
  | { kind: 'redis'; client: Redis }
  | { kind: 'postgres'; client: QueuePool; schema: string; table: string }
);

/** What a BullMQ class is constructed with. */
export interface BullConnection {
  connection: object;
  factory: BackendFactory<IQueueBackend, object> | undefined;
  close(): Promise<void>;
}

export interface BackendOptions {
  queueName?: string;
}

const defaultQueueName = 'fleet-jobs';

/** Opens the backend that a `QUEUE_URL` names: `redis://`, `rediss://`, `postgres://` or `postgresql://`. */
export function openQueueBackend(url: string, options: BackendOptions = {}): QueueBackend {
  const scheme = url.slice(0, url.indexOf(':'));
  if (scheme === 'redis' || scheme === 'rediss') return openRedis(url, options);
  if (scheme === 'postgres' || scheme === 'postgresql') return openPostgres(url, options);
  throw new FleetError(
    'invalid_config',
    `QUEUE_URL has the scheme ${JSON.stringify(scheme)}; expected redis://, rediss://, postgres:// or postgresql://.`,
  );
}

type SettableOptions = Pick<RedisOptions, 'enableOfflineQueue' | 'connectTimeout' | 'commandTimeout'>;

/** Producers answer at once while Redis is away, rather than waiting for it. */
const failFast: SettableOptions = { enableOfflineQueue: false, connectTimeout: 5_000, commandTimeout: 5_000 };

function openRedis(url: string, options: BackendOptions): QueueBackend {
  const queueName = options.queueName ?? defaultQueueName;
  const opened = new Set<Redis>();
  const connect = (redisOptions: SettableOptions): BullConnection => {
    const redis = new Redis(url, { maxRetriesPerRequest: null, ...redisOptions });
    opened.add(redis);
    // ioredis reconnects by itself; without a listener it prints every failed try.
    redis.on('error', () => undefined);
    return {
      connection: redis,
      factory: undefined,
      close: async () => {
        opened.delete(redis);
        redis.disconnect();
      },
    };
  };
  return {
    kind: 'redis',
    queueName,
    producer: () => connect(failFast),
    consumer: () => connect({}),
    signals: () =>
      redisSignals(`${queueName}:signals`, (role) => {
        const { connection } = connect(role === 'publish' ? failFast : {});
        return connection as Redis;
      }),
    counters: () => ({
      kind: 'redis',
      client: connect(failFast).connection as Redis,
      prefix: `${queueName}:counters`,
    }),
    migrate: async () => undefined,
    check: () => withRedis(url, async (redis) => void (await redis.ping())),
    checkClock: async () => undefined,
    setupWarnings: () => withRedis(url, redisWarnings),
    close: async () => {
      for (const redis of opened) redis.disconnect();
    },
  };
}

/** Runs `work` on a connection of its own, and says so at once when Redis is away. */
async function withRedis<T>(url: string, work: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, {
    lazyConnect: true,
    retryStrategy: () => null,
    connectTimeout: 3_000,
    maxRetriesPerRequest: 1,
  });
  const reasons: string[] = [];
  redis.on('error', (error) => reasons.push(error.message || String(error)));
  try {
    await redis.connect();
    return await work(redis);
  } catch (thrown) {
    const reason = reasons[0] ?? (thrown instanceof Error ? thrown.message : String(thrown));
    throw new FleetError('queue_unavailable', `Redis does not answer: ${reason}.`, { cause: thrown });
  } finally {
    redis.disconnect();
  }
}

function openPostgres(url: string, options: BackendOptions): QueueBackend {
  const pool = new pg.Pool({
    connectionString: url,
    max: 12,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    application_name: 'mcp-fleet queue',
    options: `-c search_path=${DEFAULT_SCHEMA}`,
  });
  pool.on('error', () => undefined);
  // Every queue and worker of BullMQ listens to it.
  pool.setMaxListeners(0);
  // One that breaks while it is lent fails its borrower's statement, and ends the process unless somebody listens.
  pool.on('connect', (client) => client.on('error', () => undefined));
  const backend = openPooledBackend(pool as unknown as QueuePool, options);
  const counters = (): Counters => ({
    kind: 'postgres',
    client: pool as unknown as QueuePool,
    prefix: `${backend.queueName}:counters`,
    schema: DEFAULT_SCHEMA,
    table: countersTable,
  });
  const signals = () => postgresSignals(`${backend.queueName}:signals`, pool as never);
  return { ...backend, signals, counters, close: () => pool.end() };
}

/** A backend on PostgreSQL in this process, which alone knows of it. The pool stays its owner's. */
export function openPooledBackend(pool: QueuePool, options: BackendOptions = {}): QueueBackend {
  const queueName = options.queueName ?? defaultQueueName;
  const connection: BullConnection = {
    connection: pool,
    factory: createPostgresBackend as unknown as BackendFactory<IQueueBackend, object>,
    close: async () => undefined,
  };
  return {
    kind: 'postgres',
    queueName,
    producer: () => connection,
    consumer: () => connection,
    signals: localSignals(),
    counters: () => null,
    migrate: () => reaching(migratePostgres(pool)),
    check: () => reaching(checkPostgres(pool)),
    checkClock: (toleratedMs) => reaching(checkPostgresClock(pool, toleratedMs)),
    setupWarnings: () => postgresWarnings(pool),
    close: async () => undefined,
  };
}

async function migratePostgres(pool: QueuePool): Promise<void> {
  const client = await pool.connect();
  try {
    await runMigrations(client as unknown as Parameters<typeof runMigrations>[0]);
    await client.query(createCounters(DEFAULT_SCHEMA));
  } finally {
    client.release();
  }
}

async function checkPostgres(pool: QueuePool): Promise<void> {
  await pool.query(`SELECT max(version) FROM ${DEFAULT_SCHEMA}.migration`);
  await pool.query(`SELECT 1 FROM ${DEFAULT_SCHEMA}.${countersTable} LIMIT 0`);
}

/** Turns what PostgreSQL or its driver throws into `queue_unavailable`. */
async function reaching(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    throw thrown instanceof FleetError ? thrown : unavailable(thrown);
  }
}

function unavailable(thrown: unknown): FleetError {
  const missing =
    thrown instanceof Error && 'code' in thrown && (thrown.code === '42P01' || thrown.code === '3F000');
  const reason =
    thrown instanceof Error ? thrown.message || String((thrown as { code?: string }).code) : String(thrown);
  const message = missing
    ? 'The PostgreSQL queue has no tables yet. Run `fleet migrate`.'
    : `The PostgreSQL queue cannot be reached: ${reason}.`;
  return new FleetError('queue_unavailable', message, { cause: thrown });
}
