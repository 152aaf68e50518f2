import { Queue, Worker } from 'bullmq';
import type { BullConnection, QueueBackend } from './backend.ts';

const schedulerId = 'tick';

/** Periods without a tick after which the schedule is made anew. */
const missedPeriods = 3;

export interface RepeatingTaskOptions {
  /** Names the task's own queue, beside that of the jobs. */
  name: string;
  everyMs: number;
  run: () => Promise<void>;
  onError: (error: Error) => void;
}

/**
 * Work that is done every so often by one of the processes that offer it, on a BullMQ job scheduler. A queue
 * that was wiped loses the schedule as well, so each process looks after it.
 */
export class RepeatingTask {
  readonly #backend: QueueBackend;
  readonly #options: RepeatingTaskOptions;
  #connections: BullConnection[] = [];
  #queue: Queue | undefined;
  #worker: Worker | undefined;
  #keeper: NodeJS.Timeout | undefined;

  constructor(backend: QueueBackend, options: RepeatingTaskOptions) {
    this.#backend = backend;
    this.#options = options;
  }

  async start(): Promise<void> {
    const { name, everyMs, onError } = this.#options;
    const producer = this.#backend.producer();
    const consumer = this.#backend.consumer();
    this.#connections = [producer, consumer];
    const queueName = `${this.#backend.queueName}-${name}`;
    this.#queue = new Queue(queueName, { connection: producer.connection }, producer.factory as never);
    this.#queue.on('error', () => undefined);
    const options = { connection: consumer.connection, concurrency: 1, runRetryDelay: 1_000 };
    this.#worker = new Worker(queueName, () => this.#tick(), options, consumer.factory as never);
    this.#worker.on('error', onError);
    await this.#worker.waitUntilReady();
    await this.#keepSchedule();
    this.#keeper = setInterval(() => void this.#keepSchedule(), everyMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#keeper);
    await this.#worker?.close().catch(this.#options.onError);
    await this.#queue?.close().catch(() => undefined);
    for (const connection of this.#connections) await connection.close();
  }

  async #tick(): Promise<void> {
    try {
      await this.#options.run();
    } catch (thrown) {
      this.#options.onError(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  async #keepSchedule(): Promise<void> {
    const { everyMs, onError } = this.#options;
    try {
      const queue = this.#queue as Queue;
      const scheduler = await queue.getJobScheduler(schedulerId);
      const next = scheduler?.next ?? 0;
      if (scheduler?.every === everyMs && next > Date.now() - missedPeriods * everyMs) return;
      if (scheduler) await queue.removeJobScheduler(schedulerId);
      const opts = { removeOnComplete: true, removeOnFail: true };
      await queue.upsertJobScheduler(schedulerId, { every: everyMs }, { name: 'tick', data: {}, opts });
    } catch (thrown) {
      onError(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }
}
