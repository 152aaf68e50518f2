import { FleetError, type JobQueue } from '@mcp-fleet/core';
import { Queue } from 'bullmq';
import type { QueueBackend } from './backend.ts';

/** Finished ids leave the queue at once: the store has the job, and an id that stays would block its return. */
const jobOptions = { removeOnComplete: true, removeOnFail: true };

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

  async addMany(jobIds: readonly string[]): Promise<void> {
    if (jobIds.length === 0) return;
    const jobs = jobIds.map((jobId) => ({ name: 'job', data: {}, opts: { ...jobOptions, jobId } }));
    await this.#guard(() => this.#queue.addBulk(jobs));
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
