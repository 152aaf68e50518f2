import type { JobQueue } from '@mcp-fleet/core';
import type { Logger } from '@mcp-fleet/runtime';

interface QueuedJob {
  jobId: string;
  delayMs?: number;
}

/**
 * Puts the ids of accepted jobs into the queue, behind the answers that accept them: the jobs are durable already,
 * and should the queue be away, the reconciler puts their ids in later. What comes while one message is on its way
 * goes in the next.
 */
export class Enqueuer {
  readonly #queue: JobQueue;
  readonly #logger: Logger;
  #pending: QueuedJob[] = [];
  #sending: Promise<void> | null = null;

  constructor(queue: JobQueue, logger: Logger) {
    this.#queue = queue;
    this.#logger = logger;
  }

  add(job: QueuedJob): void {
    this.#pending.push(job);
    this.#sending ??= this.#send().finally(() => {
      this.#sending = null;
    });
  }

  /** Resolves when nothing is on its way. */
  async drain(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  async #send(): Promise<void> {
    while (this.#pending.length > 0) {
      const jobs = this.#pending;
      this.#pending = [];
      try {
        await this.#queue.addMany(jobs);
      } catch (thrown) {
        const jobIds = jobs.map(({ jobId }) => jobId);
        this.#logger.warn({ jobIds, err: thrown }, 'accepted jobs are left to the reconciler');
      }
    }
  }
}
