import { FleetError, type JobQueue } from '@mcp-fleet/core';
import { Queue } from 'bullmq';
import type { QueueBackend } from './backend.ts';

/** Finished ids leave the queue at once: the store has the job, and an id that stays would block its return. */
const jobOptions = { removeOnComplete: true, removeOnFail: true };

/** Delayed ids that one look for overdue ones reads; the next look comes soon. */
const mostDelayed = 5_000;

/** Ids in the queue, by BullMQ's states. */
export interface QueueCounts {
  waiting: number;
  active: number;
  delayed: number;
}

/** The producers' side of the queue. */
export class BullJobQueue implements JobQueue {
  readonly #queue: Queue;
  readonly #close: () => Promise<void>;

  constructor(backend: QueueBackend) {
    const { connection, factory, close } = backend.producer();
    this.#queue = new Queue(backend.queueName, { connection }, factory as never);
    // Failures reach the callers of add; the event repeats them.
    this.#queue.on('error', () => undefined);
    this.#close = close;
  }

  async start(): Promise<void> {
    await this.#guard(() => this.#queue.waitUntilReady());
  }

  async add(jobId: string, options: { delayMs?: number } = {}): Promise<void> {
    const delay = options.delayMs ?? 0;
    await this.#guard(() =>
      this.#queue.add('job', {}, { ...jobOptions, jobId, ...(delay > 0 ? { delay } : {}) }),
    );
  }

  async addMany(jobs: readonly { jobId: string; delayMs?: number }[]): Promise<void> {
    if (jobs.length === 0) return;
    const added = jobs.map(({ jobId, delayMs = 0 }) => ({
      name: 'job',
      data: {},
      opts: { ...jobOptions, jobId, ...(delayMs > 0 ? { delay: delayMs } : {}) },
    }));
    await this.#guard(() => this.#queue.addBulk(added));
  }

  /**
   * Of these ids, makes due those that the queue still delays. A worker whose clock is ahead delays an id for
   * longer than it means to. Returns how many.
   */
  async promote(jobIds: readonly string[]): Promise<number> {
    if (jobIds.length === 0) return 0;
    return this.#guard(async () => {
      const delayed = new Set(await this.#queue.getRanges(['delayed'], 0, mostDelayed - 1));
      const due = jobIds.filter((jobId) => delayed.has(jobId));
      // One that has come due by itself meanwhile is no longer delayed, which promote complains about.
      for (const jobId of due) await (await this.#queue.getJob(jobId))?.promote().catch(() => undefined);
      return due.length;
    });
  }

  async counts(): Promise<QueueCounts> {
    const counts = await this.#guard(() =>
      this.#queue.getJobCounts('wait', 'prioritized', 'active', 'delayed'),
    );
    return {
      waiting: (counts.wait ?? 0) + (counts.prioritized ?? 0),
      active: counts.active ?? 0,
      delayed: counts.delayed ?? 0,
    };
  }

  async stop(): Promise<void> {
    await this.#queue.close().catch(() => undefined);
    await this.#close();
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw new FleetError('queue_unavailable', `The queue did not take the request: ${reason}.`, {
        cause: thrown,
      });
    }
  }
}
