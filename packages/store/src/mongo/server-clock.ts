import { clockDifference } from '@mcp-fleet/core';
import type { MongoClient } from 'mongodb';

/** How long the measured difference to the server's clock is used. */
const syncEveryMs = 30_000;

/**
 * The database server's time as this process reckons it. Waits and deadlines are written by one process and
 * looked at by others, whose clocks may differ by minutes; the server's is the one that counts.
 */
export class ServerClock {
  readonly #client: MongoClient;
  #offsetMs = 0;
  #syncedAt = Number.NEGATIVE_INFINITY;
  #syncing: Promise<void> | undefined;

  constructor(client: MongoClient) {
    this.#client = client;
  }

  now(): Date {
    return new Date(Date.now() + this.#offsetMs);
  }

  /** Measures the difference anew when the last measurement is old. */
  async sync(): Promise<void> {
    if (performance.now() - this.#syncedAt < syncEveryMs) return;
    this.#syncing ??= this.#measure().finally(() => {
      this.#syncing = undefined;
    });
    await this.#syncing;
  }

  async #measure(): Promise<void> {
    const askedAt = Date.now();
    const { localTime } = await this.#client.db('admin').command({ hello: 1 });
    if (!(localTime instanceof Date)) return;
    this.#offsetMs = clockDifference(askedAt, localTime.getTime(), Date.now());
    this.#syncedAt = performance.now();
  }
}
