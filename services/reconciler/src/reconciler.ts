import { setTimeout as sleep } from 'node:timers/promises';
import type { ContextStore, JobQueue } from '@mcp-fleet/core';
import type { FleetMetrics, Logger } from '@mcp-fleet/runtime';

export interface ReconcilerParts {
  store: ContextStore;
  queue: JobQueue;
  metrics: FleetMetrics;
  logger: Logger;
}

export interface ReconcilerOptions {
  everyMs: number;
  /** A job that has not moved for this long is put into the queue again, where it stays single by its id. */
  idleMs: number;
}

/** Jobs put right in one round; the next round goes on. */
const batchSize = 1_000;

/**
 * Puts back what a crash left behind: sessions held by ended jobs, and jobs that the queue does not know.
 * Every repair is idempotent, so several reconcilers do no harm.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #options: ReconcilerOptions;
  readonly #stopped = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(parts: ReconcilerParts, options: ReconcilerOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#loop;
  }

  /** One round. Returns the number of ids that were put into the queue. */
  async reconcile(): Promise<number> {
    const { store, queue, metrics } = this.#parts;
    const freed = await store.freeSessions(batchSize);
    await queue.addMany(freed);
    metrics.repaired('session_freed', freed.length);
    const unmoved = await store.unmovedJobs(this.#options.idleMs, batchSize);
    await queue.addMany(unmoved);
    metrics.repaired('job_offered_again', unmoved.length);
    return freed.length + unmoved.length;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        const repaired = await this.reconcile();
        if (repaired > 0) this.#parts.logger.debug({ repaired }, 'reconciled');
      } catch (thrown) {
        this.#parts.logger.warn({ err: thrown }, 'reconciling failed; next round goes on');
      }
      await sleep(this.#options.everyMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
