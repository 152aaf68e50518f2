import type { ReconcilerParts } from './parts.ts';

/** Jobs that are read and offered at a time. */
const pageSize = 1_000;

/** Jobs offered in one round; the next round goes on behind them. */
const mostInOneRound = 20_000;

export interface OfferOptions {
  /** A job that has not moved for this long is put into the queue again, where it stays single by its id. */
  idleMs: number;
  /** The same for a job that runs: longer than a lock, so that its worker has noticed that the queue lost it. */
  runningIdleMs: number;
}

/**
 * Offers jobs to the queue that should be in it, and makes those due that it delays for too long. Walks through
 * all of them in the course of some rounds.
 */
export class JobOffers {
  readonly #parts: ReconcilerParts;
  readonly #options: OfferOptions;
  #after: string | null = null;

  constructor(parts: ReconcilerParts, options: OfferOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  async offer(): Promise<void> {
    const { store, queue, metrics } = this.#parts;
    for (let offered = 0; offered < mostInOneRound; ) {
      const jobs = await store.unmovedJobs(this.#options, { after: this.#after, limit: pageSize });
      this.#after = jobs.at(-1)?.jobId ?? null;
      if (jobs.length === 0) return;
      const before = await queue.counts();
      await queue.addMany(jobs);
      const after = await queue.counts();
      metrics.repaired('job_offered_again', sum(after) - sum(before));
      const due = jobs.filter((job) => job.delayMs === 0).map((job) => job.jobId);
      metrics.repaired('delay_ended', after.delayed === 0 ? 0 : await queue.promote(due));
      offered += jobs.length;
    }
  }
}

function sum(counts: { waiting: number; active: number; delayed: number }): number {
  return counts.waiting + counts.active + counts.delayed;
}
