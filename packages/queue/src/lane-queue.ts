import { FleetError, type Lane } from '@mcp-fleet/core';
import { Queue } from 'bullmq';
import type { BullConnection, QueueBackend } from './backend.ts';
import { laneName } from './lane-name.ts';
import { within } from './within.ts';

/** Finished ids leave the queue at once: the store has the job, and an id that stays would block its return. */
const jobOptions = { removeOnComplete: true, removeOnFail: true };

/** Delayed ids that one look for overdue ones reads; the next look comes soon. */
const mostDelayed = 5_000;

/** Ids that are looked at one by one, which finds each of them, however many are delayed for longer. */
const fewIds = 100;

/** Ids in the queue, by BullMQ's states. */
export interface QueueCounts {
  waiting: number;
  active: number;
  delayed: number;
}

/** Milliseconds that a call waits for the first connection, which BullMQ itself waits for without end. */
const firstConnectionMs = 2_000;

/** One lane's ids, for producers. */
export class LaneQueue {
  readonly #backend: QueueBackend;
  readonly #connection: BullConnection;
  readonly #name: string;
  #reaching: Promise<Queue> | undefined;
  #queue: Queue | undefined;

  /** The connection stays its owner's. */
  constructor(backend: QueueBackend, connection: BullConnection, lane: Lane) {
    this.#backend = backend;
    this.#connection = connection;
    this.#name = laneName(backend, lane);
  }

  /** Resolves when the queue has been reached; not needed before the other calls. */
  async start(): Promise<void> {
    await this.#guard(() => this.#reach());
  }

  async add(jobId: string, delayMs: number): Promise<void> {
    await this.#call((queue) =>
      queue.add('job', {}, { ...jobOptions, jobId, ...(delayMs > 0 ? { delay: delayMs } : {}) }),
    );
  }

  async addMany(jobs: readonly { jobId: string; delayMs?: number }[]): Promise<void> {
    const added = jobs.map(({ jobId, delayMs = 0 }) => ({
      name: 'job',
      data: {},
      opts: { ...jobOptions, jobId, ...(delayMs > 0 ? { delay: delayMs } : {}) },
    }));
    await this.#call((queue) => queue.addBulk(added));
  }

  /**
   * Of these ids, makes due those that the queue still delays. A worker whose clock is ahead delays an id for
   * longer than it means to. Returns how many.
   */
  async promote(jobIds: readonly string[]): Promise<number> {
    return this.#call(async (queue) => {
      const due = jobIds.length <= fewIds ? jobIds : await delayedOf(queue, jobIds);
      let promoted = 0;
      for (const jobId of due) {
        const job = await queue.getJob(jobId);
        // One that is not delayed, or no longer, is what promote complains about.
        promoted +=
          (await job?.promote().then(
            () => 1,
            () => 0,
          )) ?? 0;
      }
      return promoted;
    });
  }

  async counts(): Promise<QueueCounts> {
    const counts = await this.#call((queue) =>
      queue.getJobCounts('wait', 'prioritized', 'active', 'delayed'),
    );
    return {
      waiting: (counts.wait ?? 0) + (counts.prioritized ?? 0),
      active: counts.active ?? 0,
      delayed: counts.delayed ?? 0,
    };
  }

  /** Removes every id, those being delivered included. Nothing is lost: the store has the jobs. */
  async wipe(): Promise<void> {
    await this.#call((queue) => queue.obliterate({ force: true }));
  }

  /** BullMQ's own queue, which stays this one's. */
  open(): Promise<Queue> {
    return this.#call(async (queue) => queue);
  }

  async stop(): Promise<void> {
    await this.#queue?.close().catch(() => undefined);
  }

  #call<T>(work: (queue: Queue) => Promise<T>): Promise<T> {
    return this.#guard(async () => work(await within(this.#reach(), firstConnectionMs, noConnection)));
  }

  /** BullMQ on PostgreSQL never tries again when its first connection failed, so a new queue does. */
  #reach(): Promise<Queue> {
    this.#reaching ??= this.#open().catch((thrown) => {
      this.#reaching = undefined;
      throw thrown;
    });
    return this.#reaching;
  }

  async #open(): Promise<Queue> {
    // Each failed start of a queue leaves a listener behind, so one is made only when it is likely to succeed.
    await this.#backend.check();
    const { connection, factory } = this.#connection;
    const queue = new Queue(this.#name, { connection }, factory as never);
    this.#queue = queue;
    // Failures reach the callers of add; the event repeats them.
    queue.on('error', () => undefined);
    try {
      await queue.waitUntilReady();
      return queue;
    } catch (thrown) {
      await queue.close().catch(() => undefined);
      throw thrown;
    }
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

async function delayedOf(queue: Queue, jobIds: readonly string[]): Promise<string[]> {
  const delayed = new Set(await queue.getRanges(['delayed'], 0, mostDelayed - 1));
  return jobIds.filter((jobId) => delayed.has(jobId));
}

function noConnection(): never {
  throw new Error('no connection yet');
}
