import type { Lane } from '@mcp-fleet/core';
import { DelayedError, type Job, WaitingError } from 'bullmq';
import type { BullConnection, QueueBackend } from './backend.ts';
import { FencedWorker } from './fenced-worker.ts';
import { laneName } from './lane-name.ts';
import { ProgressWatch } from './progress-watch.ts';
import { within } from './within.ts';

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
  lane: Lane;
  /** Deliveries in flight at once. */
  concurrency: number;
  /** Milliseconds after which the queue gives a silent worker's ids to others. */
  lockMs: number;
  /** Ids that wait in the lane now; the consumer compares it with what it takes. */
  waiting: () => Promise<number>;
  /** Faults of the queue itself, for the log. */
  onError: (error: Error) => void;
}

/** Milliseconds before an id whose handler threw is delivered again. */
const faultMs = 1_000;

/** Milliseconds that deliveries get to notice an abort before the consumer closes without them. */
const abortMs = 5_000;

/**
 * The workers' side of the queue: takes ids from BullMQ and hands them to a handler, many at once.
 *
 * What BullMQ leaves to its user is done here: a delivery stops before its lock can be another worker's, a
 * consumer that stands still is restarted, and neither the stalled count nor the retry count of BullMQ is a
 * limit, because the store counts.
 */
export class JobConsumer {
  readonly #backend: QueueBackend;
  readonly #handle: DeliveryHandler;
  readonly #options: ConsumerOptions;
  readonly #aborted = new AbortController();
  readonly #progress: ProgressWatch;
  readonly #delivering = new Set<string>();
  #connection: BullConnection | undefined;
  #worker: FencedWorker | undefined;
  #stopping: Promise<void> | undefined;

  constructor(backend: QueueBackend, handle: DeliveryHandler, options: ConsumerOptions) {
    this.#backend = backend;
    this.#handle = handle;
    this.#options = options;
    this.#progress = new ProgressWatch({
      waiting: options.waiting,
      hasRoom: () => this.inFlight < options.concurrency && this.#stopping === undefined,
      restart: () => this.#restart(),
    });
  }

  get inFlight(): number {
    return this.#delivering.size;
  }

  /** Milliseconds for which ids have waited although this consumer had room; 0 while all is well. */
  get stuckForMs(): number {
    return this.#progress.stuckForMs;
  }

  async start(): Promise<void> {
    await this.#open().waitUntilReady();
    this.#progress.start();
  }

  /** Aborts the signals of these jobs' deliveries, if they are in flight here. */
  abort(jobIds: readonly string[], reason: string): void {
    this.#worker?.stopDeliveries(jobIds, reason);
  }

  #open(): FencedWorker {
    const { concurrency, lane, lockMs, onError } = this.#options;
    const { connection, factory, close } = this.#backend.consumer();
    this.#connection = { connection, factory, close };
    const worker: FencedWorker = new FencedWorker(
      laneName(this.#backend, lane),
      // BullMQ makes an AbortSignal only for a processor that declares three parameters.
      (job: Job, token: string | undefined, signal: AbortSignal | undefined) =>
        this.#deliver(worker, job, token, signal),
      { connection, concurrency, lockMs },
      factory as never,
    );
    worker.on('error', onError);
    this.#worker = worker;
    return worker;
  }

  /** Opens a new connection and a new loop. Deliveries of the old one lose their locks and go elsewhere. */
  async #restart(): Promise<void> {
    const [worker, connection] = [this.#worker, this.#connection];
    this.#report(new Error('ids wait and none was taken for a while; the consumer is started anew'));
    worker?.stopDeliveries([...this.#delivering], 'the consumer is started anew');
    this.#open();
    await worker?.close(true).catch(this.#options.onError);
    await connection?.close();
  }

  async #deliver(
    worker: FencedWorker,
    job: Job,
    token: string | undefined,
    lockSignal: AbortSignal | undefined,
  ): Promise<void> {
    const jobId = job.id as string;
    const signal = lockSignal ? AbortSignal.any([lockSignal, this.#aborted.signal]) : this.#aborted.signal;
    this.#progress.took();
    this.#delivering.add(jobId);
    worker.begin(jobId, job.processedOn);
    try {
      const delivery = await this.#outcome(jobId, signal);
      if (delivery.kind === 'again') await this.#putBack(job, token, delivery.delayMs);
    } finally {
      worker.end(jobId);
      this.#delivering.delete(jobId);
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
    this.#progress.stop();
    const worker = this.#worker;
    if (worker) {
      const closed = worker
        .close()
        .catch(this.#options.onError)
        .then(() => true);
      const late = () => false;
      if (!(await within(closed, graceMs, late))) {
        this.#aborted.abort(new Error('the time to drain is over'));
        if (!(await within(closed, abortMs, late))) await this.#connection?.close();
      }
    }
    await this.#connection?.close();
  }
}
