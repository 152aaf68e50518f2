import { EventEmitter } from 'node:events';
import type pg from 'pg';

type Query = { text: string; values?: unknown[]; name?: string };

interface Waiting {
  owner: object | null;
  run: () => Promise<void>;
}

/** How long statements may follow one another before timers and sockets get their turn. */
const turnMs = 4;

/**
 * One `pg.Client` in the shape of a `pg.Pool`, for PostgreSQL in the process, which has one session only.
 *
 * Statements run one at a time, in order. While a borrower's transaction is open, only that borrower's
 * statements run. Every few milliseconds the event loop gets a turn: a saturated queue of statements that
 * are all answered from memory would otherwise starve it and hang the process.
 */
export class SharedConnection extends EventEmitter {
  readonly options = { keepAlive: true };
  readonly #client: pg.Client;
  readonly #waiting: Waiting[] = [];
  #transactionOwner: object | null = null;
  #inTransaction = false;
  #running = false;
  #lastTurn = performance.now();
  #ended = false;

  constructor(client: pg.Client) {
    super();
    this.#client = client;
    this.setMaxListeners(0);
    client.setMaxListeners(0);
    const { connection } = client as unknown as { connection: EventEmitter };
    connection.on('readyForQuery', (message: { status?: string } | undefined) => {
      if (message?.status !== undefined) this.#inTransaction = message.status !== 'I';
    });
  }

  query = (query: string | Query, values?: unknown[]): Promise<pg.QueryResult> =>
    this.#enqueue(null, query, values);

  /** Borrows the connection. A borrower that listens gets every notification. */
  async connect(): Promise<BorrowedConnection> {
    return new BorrowedConnection(this.#client, (owner, query, values) =>
      this.#enqueue(owner, query, values),
    );
  }

  /** Lets what is queued run to its end; the connection itself belongs to who opened it. */
  async end(): Promise<void> {
    this.#ended = true;
    while (this.#running) await new Promise((resolve) => setImmediate(resolve));
  }

  #enqueue(owner: object | null, query: string | Query, values?: unknown[]): Promise<pg.QueryResult> {
    if (this.#ended && owner === null) {
      return Promise.reject(new Error('Cannot use a pool after calling end on the pool'));
    }
    const statement = typeof query === 'string' ? { text: query, ...(values ? { values } : {}) } : query;
    return new Promise((resolve, reject) => {
      const run = async () => {
        await this.#client.query(statement).then(resolve, reject);
        this.#transactionOwner = this.#inTransaction ? owner : null;
      };
      this.#waiting.push({ owner, run });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    for (let next = this.#next(); next; next = this.#next()) {
      if (performance.now() - this.#lastTurn > turnMs) {
        await new Promise((resolve) => setImmediate(resolve));
        this.#lastTurn = performance.now();
      }
      await next.run();
    }
    this.#running = false;
  }

  #next(): Waiting | undefined {
    if (this.#transactionOwner === null) return this.#waiting.shift();
    const index = this.#waiting.findIndex((waiting) => waiting.owner === this.#transactionOwner);
    return index < 0 ? undefined : this.#waiting.splice(index, 1)[0];
  }
}

type Enqueue = (owner: object, query: string | Query, values?: unknown[]) => Promise<pg.QueryResult>;

/** What `connect` lends: the shape of a `pg.PoolClient`, with its own notification listeners. */
export class BorrowedConnection extends EventEmitter {
  readonly #client: pg.Client;
  readonly #enqueue: Enqueue;
  readonly #forward = (notification: pg.Notification) => this.emit('notification', notification);

  constructor(client: pg.Client, enqueue: Enqueue) {
    super();
    this.#client = client;
    this.#enqueue = enqueue;
    this.setMaxListeners(0);
    client.on('notification', this.#forward);
  }

  query = (query: string | Query, values?: unknown[]): Promise<pg.QueryResult> =>
    this.#enqueue(this, query, values);

  release(): void {
    this.#client.removeListener('notification', this.#forward);
    this.removeAllListeners();
  }
}
