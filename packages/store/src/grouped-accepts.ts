import { type Accepted, FleetError, type Job, type NewJob } from '@mcp-fleet/core';

/** Jobs of one write, and writes that are under way at once; whatever comes meanwhile is the next one's. */
const mostInOne = 64;
const mostWrites = 2;

interface Waiting {
  job: NewJob;
  resolve: (accepted: Accepted) => void;
  reject: (reason: unknown) => void;
}

interface Verbs {
  one(job: NewJob): Promise<Accepted>;
  many(jobs: readonly NewJob[]): Promise<Job[]>;
}

/**
 * Accepts jobs that come at about the same time in one write, flushed once. No job waits for others to come: the
 * first goes at once, and those that come while writes are under way go together. What happens to one job of a write
 * is of no concern to the others.
 */
export class GroupedAccepts {
  readonly #verbs: Verbs;
  #waiting: Waiting[] = [];
  #writes = 0;
  #scheduled = false;

  constructor(verbs: Verbs) {
    this.#verbs = verbs;
  }

  /** As the store's `accept`. The order of a session's jobs and a replay's record need a write of their own. */
  accept(job: NewJob): Promise<Accepted> {
    if (job.sessionId !== null || job.replay !== null) return this.#verbs.one(job);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ job, resolve, reject });
      this.#schedule();
    });
  }

  /** Requests that have come in one turn of the event loop go together. */
  #schedule(): void {
    if (this.#scheduled || this.#writes >= mostWrites) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      while (this.#waiting.length > 0 && this.#writes < mostWrites) void this.#write();
    });
  }

  async #write(): Promise<void> {
    const group = this.#waiting.splice(0, mostInOne);
    this.#writes += 1;
    try {
      const made = await this.#verbs.many(group.map(({ job }) => job));
      const jobs = new Map(made.map((job) => [job.id, job]));
      for (const waiting of group) {
        const job = jobs.get(waiting.job.id);
        // Its key stands already: what that means for it, the verb for one job knows.
        if (job) waiting.resolve({ job, created: true, ready: true, ahead: null });
        else this.#writeAlone(waiting);
      }
    } catch (thrown) {
      const refused = thrown instanceof FleetError && thrown.code === 'store_failed' && group.length > 1;
      for (const waiting of group) {
        // A write that was refused has written nothing; which of its jobs was the reason shows when each goes alone.
        if (refused) this.#writeAlone(waiting);
        else waiting.reject(thrown);
      }
    } finally {
      this.#writes -= 1;
      if (this.#waiting.length > 0) this.#schedule();
    }
  }

  #writeAlone({ job, resolve, reject }: Waiting): void {
    this.#verbs.one(job).then(resolve, reject);
  }
}
