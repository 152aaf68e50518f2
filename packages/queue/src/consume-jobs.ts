import { DelayedError, type Job, WaitingError, Worker } from 'bullmq';
import type { BullConnection, QueueBackend } from './backend.ts';

/** What is to happen with an id after its delivery. */
export type Delivery =
  /** It leaves the queue. */
  | { kind: 'done' }
  /** It is delivered again, at once or after a while, to any worker. */
  | { kind: 'again'; delayMs: number };

/**
 * Handles one delivery. `signal` aborts when the lock is lost or the time to drain is over. Should it throw, the
 * id is delivered again after a second.
 */
export type DeliveryHandler = (jobId: string, signal: AbortSignal) => Promise<Delivery>;

export interface ConsumerOptions {
  /** Deliveries in flight at once. */
  concurrency: number;
  /** Milliseconds after which the queue gives a silent worker's ids to others. */
  lockMs: number;
  /** Faults of the queue itself, for the log. */
  onError: (error: Error) => void;
}

/** The largest that both backends take: a 32-bit integer. */
const noStalledLimit = 2 ** 31 - 1;

/** Milliseconds before an id whose handler threw is delivered again. */
const faultMs = 1_000;

/** Milliseconds that deliveries get to notice an abort before the consumer closes without them. */
const abortMs = 5_000;

/**
 * The workers' side of the queue: takes ids from BullMQ and hands them to a handler, many at once.
 *
 * What BullMQ leaves to its user is done here: a lost lock aborts its delivery; the stalled count is no
 * limit, because the store counts crashes; the retry count of BullMQ is not used at all.
 */
export class JobConsumer {
  readonly #backend: QueueBackend;
  readonly #handle: DeliveryHandler;
  readonly #options: ConsumerOptions;
  readonly #aborted = new AbortController();
  #connection: BullConnection | undefined;
  #worker: Worker | undefined;
  #inFlight = 0;
  #stopping: Promise<void> | undefined;

  constructor(backend: QueueBackend, handle: DeliveryHandler, options: ConsumerOptions) {
    this.#backend = backend;
    this.#handle = handle;
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  async start(): Promise<void> {
    const { concurrency, lockMs, onError } = this.#options;
    this.#connection = this.#backend.consumer();
    const worker = new Worker(
      this.#backend.queueName,
      // BullMQ makes an AbortSignal only for a processor that declares three parameters.
      (job: Job, token: string | undefined, signal: AbortSignal | undefined) =>
        this.#deliver(job, token, signal),
      {
        connection: this.#connection.connection,
        concurrency,
        lockDuration: lockMs,
        stalledInterval: Math.max(1_000, Math.round(lockMs / 2)),
        maxStalledCount: noStalledLimit,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      },
      this.#connection.factory as never,
    );
    worker.on('error', onError);
    worker.on('lockRenewalFailed', (jobIds: string[]) => {
      for (const jobId of jobIds) worker.cancelJob(jobId, 'lock lost');
    });
    this.#worker = worker;
    await worker.waitUntilReady();
  }

  async #deliver(job: Job, token: string | undefined, lockSignal: AbortSignal | undefined): Promise<void> {
    const signal = lockSignal ? AbortSignal.any([lockSignal, this.#aborted.signal]) : this.#aborted.signal;
    this.#inFlight += 1;
    try {
      const delivery = await this.#outcome(job.id as string, signal);
      if (delivery.kind === 'again') await this.#putBack(job, token, delivery.delayMs);
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** BullMQ would drop the id of a handler that throws, and keep the error's message, which may have contents. */
  async #outcome(jobId: string, signal: AbortSignal): Promise<Delivery> {
    try {
      return await this.#handle(jobId, signal);
    } catch (thrown) {
      this.#report(thrown);
      return { kind: 'again', delayMs: faultMs };
    }
  }

  /** Always throws what tells BullMQ that the id was moved. */
  async #putBack(job: Job, token: string | undefined, delayMs: number): Promise<never> {
    try {
      if (delayMs <= 0) await job.moveToWait(token);
      else await job.moveToDelayed(Date.now() + delayMs, token);
    } catch (thrown) {
      // The id stays active until its lock runs out and is then delivered again; thrown on, it would be dropped.
      this.#report(thrown);
    }
    throw delayMs <= 0 ? new WaitingError() : new DelayedError();
  }

  #report(thrown: unknown): void {
    this.#options.onError(thrown instanceof Error ? thrown : new Error(String(thrown)));
  }

  /**
   * Takes no more ids, waits up to `graceMs` for those in flight, then aborts them. Idempotent.
   */
  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    const worker = this.#worker;
    if (worker) {
      const closed = worker.close().catch(this.#options.onError);
      if (!(await within(closed, graceMs))) {
        this.#aborted.abort(new Error('the time to drain is over'));
        if (!(await within(closed, abortMs))) await this.#connection?.close();
      }
    }
    await this.#connection?.close();
  }
}

async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
