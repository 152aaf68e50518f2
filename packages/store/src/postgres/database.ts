import { FleetError } from '@mcp-fleet/core';

/** A named statement: parsed and planned once a connection. */
export interface Statement {
  name: string;
  text: string;
  values: unknown[];
}

export interface Result<Row> {
  rows: Row[];
}

/** One connection that is held, for a transaction. */
export interface PgClient {
  query<Row>(text: string, values?: unknown[]): Promise<Result<Row>>;
  release(destroy?: boolean): void;
}

/** The part of a `pg.Pool` that the store needs; the embedded PostgreSQL offers the same. */
export interface PgPool {
  query<Row>(statement: Statement | string): Promise<Result<Row>>;
  connect(): Promise<PgClient>;
  end(): Promise<void>;
}

const unreachable = /^(08|57P|53)|^(ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)/;
const unreachableText =
  /Connection terminated|timeout exceeded|connection error|not queryable|closed|Cannot use a pool/i;
const notMigrated = new Set(['42P01', '3F000', '42703']);

/** Turns a driver's error into the store's faults. A violation of a unique index passes as it is. */
export function toStoreError(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof FleetError || isDuplicate(thrown)) return thrown;
  const code = 'code' in thrown ? String(thrown.code) : '';
  if (notMigrated.has(code)) {
    return new FleetError(
      'store_not_migrated',
      `The PostgreSQL store has no up-to-date fleet tables (${thrown.message}). Run \`fleet migrate\`.`,
      { cause: thrown },
    );
  }
  if (unreachable.test(code) || (code === '' && unreachableText.test(thrown.message))) {
    return new FleetError(
      'store_unavailable',
      `The PostgreSQL store cannot be reached: ${thrown.message || code}.`,
      {
        cause: thrown,
      },
    );
  }
  return new FleetError('store_failed', `The PostgreSQL store refused a statement: ${thrown.message}.`, {
    cause: thrown,
  });
}

/** True for a violation of a unique index. */
export function isDuplicate(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === '23505';
}

/**
 * Two ways to one database. Statements on `flushed` are on disk when they return; those on `lazy` may be
 * lost when the database server itself crashes within its flush interval (`synchronous_commit` off). Because
 * the log is flushed in order, everything written lazily before a flushed statement is safe with it.
 */
export class Database {
  readonly #flushed: PgPool;
  readonly #lazy: PgPool;

  constructor(flushed: PgPool, lazy: PgPool) {
    this.#flushed = flushed;
    this.#lazy = lazy;
  }

  flushed<Row>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    return run(this.#flushed, name, text, values);
  }

  lazy<Row>(name: string, text: string, values: unknown[]): Promise<Row[]> {
    return run(this.#lazy, name, text, values);
  }

  /** Runs `work` in one transaction on one connection. */
  async transaction<T>(work: (client: PgClient) => Promise<T>): Promise<T> {
    try {
      const client = await this.#flushed.connect();
      try {
        await client.query('BEGIN');
        const result = await work(client);
        await client.query('COMMIT');
        return result;
      } catch (thrown) {
        await client.query('ROLLBACK').catch(() => undefined);
        throw thrown;
      } finally {
        client.release();
      }
    } catch (thrown) {
      throw toStoreError(thrown);
    }
  }

  async close(): Promise<void> {
    await this.#flushed.end();
    if (this.#lazy !== this.#flushed) await this.#lazy.end();
  }
}

async function run<Row>(pool: PgPool, name: string, text: string, values: unknown[]): Promise<Row[]> {
  try {
    return (await pool.query<Row>({ name, text, values })).rows;
  } catch (thrown) {
    throw toStoreError(thrown);
  }
}
