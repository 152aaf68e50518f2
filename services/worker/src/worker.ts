import {
  type Clock,
  type ContextStore,
  type EventListener,
  FleetError,
  type JobQueue,
  type Model,
  type Outcome,
  type RunPolicy,
  runJob,
  type ToolProvider,
} from '@mcp-fleet/core';
import { type Delivery, JobConsumer, type QueueBackend } from '@mcp-fleet/queue';
import type { Logger } from '@mcp-fleet/runtime';

export interface WorkerParts {
  store: ContextStore;
  backend: QueueBackend;
  /** Where the id of a session's next job goes. */
  queue: JobQueue;
  model: Model;
  tools: ToolProvider;
  emit: EventListener;
  logger: Logger;
}

export interface WorkerOptions {
  concurrency: number;
  lockMs: number;
  /** Milliseconds that jobs in flight get to reach a step's end when the worker stops. */
  graceMs: number;
  policy: RunPolicy;
}

const clock: Clock = { now: Date.now, random: Math.random };

/** Waits before an id is tried again when this worker could not run it, though the job itself is fine. */
const elsewhereMs = 1_000;
const storeDownMs = 2_000;

/** Takes ids from the queue and runs their jobs, many at once. */
export class FleetWorker {
  readonly #parts: WorkerParts;
  readonly #options: WorkerOptions;
  readonly #draining = new AbortController();
  readonly #consumer: JobConsumer;

  constructor(parts: WorkerParts, options: WorkerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#consumer = new JobConsumer(parts.backend, (jobId, signal) => this.#deliver(jobId, signal), {
      concurrency: options.concurrency,
      lockMs: options.lockMs,
      onError: (error) => parts.logger.warn({ err: error }, 'queue error'),
    });
  }

  get inFlight(): number {
    return this.#consumer.inFlight;
  }

  get draining(): boolean {
    return this.#draining.signal.aborted;
  }

  start(): Promise<void> {
    return this.#consumer.start();
  }

  /** Takes no more jobs, lets those in flight reach their step's end, hands the rest back. Idempotent. */
  async stop(): Promise<void> {
    this.#draining.abort();
    await this.#consumer.stop(this.#options.graceMs);
  }

  async #deliver(jobId: string, signal: AbortSignal): Promise<Delivery> {
    const { store, model, tools, emit, logger } = this.#parts;
    try {
      const outcome = await runJob(
        jobId,
        { store, model, tools, clock },
        { policy: this.#options.policy, signal, draining: this.#draining.signal, emit },
      );
      return await this.#dispose(outcome);
    } catch (thrown) {
      logger.warn({ jobId, err: thrown }, 'job could not be run and is delivered again');
      const known = thrown instanceof FleetError && thrown.retry === 'again';
      return { kind: 'again', delayMs: Math.round(storeDownMs * (known ? 0.5 + Math.random() : 5)) };
    }
  }

  /** What an outcome means for the queue. */
  async #dispose(outcome: Outcome): Promise<Delivery> {
    switch (outcome.kind) {
      case 'completed':
      case 'failed':
      case 'ended':
        if (outcome.next !== null) await this.#enqueue(outcome.next);
        return { kind: 'done' };
      case 'parked':
        return { kind: 'again', delayMs: Math.max(1, outcome.until.getTime() - Date.now()) };
      case 'retry':
        return { kind: 'again', delayMs: this.draining ? 0 : elsewhereMs };
      case 'superseded':
        return { kind: 'done' };
    }
  }

  /** The store knows that the next job is ready: should the queue be away, the reconciler puts it in. */
  async #enqueue(jobId: string): Promise<void> {
    try {
      await this.#parts.queue.add(jobId);
    } catch (thrown) {
      this.#parts.logger.warn({ jobId, err: thrown }, 'next job of the session is left to the reconciler');
    }
  }
}
