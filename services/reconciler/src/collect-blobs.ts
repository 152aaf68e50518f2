import type { ReconcilerParts } from './parts.ts';

/** Blobs that one round looks at; the next round goes on behind them. */
const pageSize = 200;

/** Long enough for a worker to record the step that refers to what it has just kept. */
const idleMs = 60 * 60_000;

/** Deletes kept tool results whose step was never recorded. Walks through all of them in the course of some rounds. */
export class BlobCollection {
  readonly #parts: ReconcilerParts;
  #after: string | null = null;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  async collect(): Promise<void> {
    const { store, metrics } = this.#parts;
    const { deleted, after } = await store.collectBlobs(idleMs, { after: this.#after, limit: pageSize });
    this.#after = after;
    metrics.repaired('orphaned_blob_deleted', deleted);
  }
}
