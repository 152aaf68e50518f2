import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Clock,
  type ContextStore,
  type EventListener,
  FleetError,
  type JobQueue,
  type Lane,
  lanes,
  type Model,
  type Outcome,
  type RunPolicy,
  runJob,
  type ToolProvider,
} from '@mcp-fleet/core';
import {
  type Delivery,
  type FleetSignal,
  JobConsumer,
  type QueueBackend,
  type Signals,
} from '@mcp-fleet/queue';
import type { Logger } from '@mcp-fleet/runtime';
import type { LiveJobs } from './live-jobs.ts';
import type { Presence } from './presence.ts';
import { RunningJobs } from './running-jobs.ts';
import { WatchedJobs } from './watched-jobs.ts';

export interface WorkerParts {
  store: ContextStore;
  backend: QueueBackend;
  signals: Signals;
  /** Where the id of a session's next job goes. */
  queue: JobQueue & { counts(lane: Lane): Promise<{ waiting: number }> };
  model: Model;
  tools: ToolProvider;
  emit: EventListener;
  /** Streams what its jobs do to apis in other processes. */
  live?: LiveJobs | undefined;
  presence: Presence;
  /** Another worker met a provider's rate limit. */
  onRateLimit: (model: string, forMs: number) => void;
  logger: Logger;
}

export interface WorkerOptions {
  /** Jobs in flight at once, of each lane. */
  concurrency: Record<Lane, number>;
  lockMs: number;
  /** Milliseconds that jobs in flight get to reach a step's end when the worker stops. */
  graceMs: number;
  /** How often the worker asks the store for what no signal told it. */
  newsEveryMs: number;
  policy: RunPolicy;
}

const clock: Clock = {
  now: Date.now,
  random: Math.random,
  alarm(ms) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new Error('the deadline has come')), ms);
    return { signal: controller.signal, cancel: () => clearTimeout(timer) };
  },
};

/** Waits before an id is tried again when this worker could not run it, though the job itself is fine. */
const elsewhereMs = 1_000;
const storeDownMs = 2_000;

/** Takes ids from the queue and runs their jobs, many at once. */
export class FleetWorker {
  readonly #parts: WorkerParts;
  readonly #options: WorkerOptions;
  readonly #draining = new AbortController();
  readonly #consumers: JobConsumer[];
  readonly #running = new RunningJobs();
  readonly #watched: WatchedJobs;
  readonly #stopped = new AbortController();
  #listening: { stop(): Promise<void> } | undefined;
  #news: Promise<void> | undefined;

  constructor(parts: WorkerParts, options: WorkerOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#watched = new WatchedJobs(parts.signals);
    this.#consumers = lanes.map((lane) => this.#consumer(lane));
  }

  #consumer(lane: Lane): JobConsumer {
    const { backend, queue, logger } = this.#parts;
    return new JobConsumer(backend, (jobId, signal) => this.#deliver(jobId, signal), {
      lane,
      concurrency: this.#options.concurrency[lane],
      lockMs: this.#options.lockMs,
      waiting: async () => (await queue.counts(lane)).waiting,
      onError: (error) => logger.warn({ err: error, lane }, 'queue error'),
    });
  }

  get inFlight(): number {
    return this.#consumers.reduce((total, { inFlight }) => total + inFlight, 0);
  }

  get draining(): boolean {
    return this.#draining.signal.aborted;
  }

  /** Milliseconds for which ids have waited although this worker had room; 0 while all is well. */
  get stuckForMs(): number {
    return Math.max(...this.#consumers.map(({ stuckForMs }) => stuckForMs));
  }

  async start(): Promise<void> {
    this.#listening = await this.#parts.signals.listen((signal) => this.#hear(signal));
    void this.#parts.signals.publish({ kind: 'worker_ready' });
    this.#parts.presence.start();
    this.#news = this.#askForNews();
    await Promise.all(this.#consumers.map((consumer) => consumer.start()));
  }

  /** What another process of the fleet says, about jobs that may run here. */
  #hear(signal: FleetSignal): void {
    switch (signal.kind) {
      case 'rate_limited':
        this.#parts.onRateLimit(signal.model, signal.forMs);
        break;
      case 'watch':
        this.#watched.watch(signal.jobIds);
        if (signal.by !== undefined) this.#parts.live?.watch(signal.jobIds, signal.by);
        break;
      case 'roll_call':
        this.#parts.presence.announce();
        break;
      case 'moved':
      case 'held':
      case 'worker':
      case 'worker_ready':
        break;
      default:
        this.#ask(signal.jobIds, signal.kind);
    }
  }

  #ask(jobIds: readonly string[], kind: 'stop' | 'interrupt' | 'join'): void {
    const here = this.#running.ask(jobIds, kind === 'stop' ? null : kind);
    if (kind === 'join') return;
    for (const consumer of this.#consumers) consumer.abort(here, kind);
  }

  /** Signals can be lost; the store knows. */
  async #askForNews(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await sleep(this.#options.newsEveryMs, undefined, { signal }).catch(() => undefined);
      const held = this.#running.held;
      if (signal.aborted || held.length === 0) continue;
      // A store that is away is met by the jobs themselves; the next round asks again.
      const news = await this.#parts.store.news(held).catch(() => []);
      for (const { jobId, news: kind } of news) {
        this.#ask([jobId], kind === 'lost' ? 'stop' : kind);
      }
    }
  }

  /** Takes no more jobs, lets those in flight reach their step's end, hands the rest back. Idempotent. */
  async stop(): Promise<void> {
    this.#draining.abort();
    this.#parts.presence.announce();
    await Promise.all(this.#consumers.map((consumer) => consumer.stop(this.#options.graceMs)));
    this.#stopped.abort();
    await this.#news;
    await this.#listening?.stop();
    await this.#parts.presence.stop();
  }

  async #deliver(jobId: string, signal: AbortSignal): Promise<Delivery> {
    const { store, model, tools, emit, logger } = this.#parts;
    const requests = this.#running.begin(jobId);
    try {
      const outcome = await runJob(
        jobId,
        { store, model, tools, clock },
        {
          policy: this.#options.policy,
          signal,
          draining: this.#draining.signal,
          requests,
          emit: (event) => {
            this.#running.listen(event);
            this.#watched.listen(event);
            this.#parts.live?.listen(event);
            emit(event);
          },
        },
      );
      return await this.#dispose(jobId, outcome);
    } catch (thrown) {
      logger.warn({ jobId, err: thrown }, 'job could not be run and is delivered again');
      const away = thrown instanceof FleetError && thrown.code === 'store_unavailable';
      return { kind: 'again', delayMs: Math.round(storeDownMs * (away ? 0.5 + Math.random() : 5)) };
    } finally {
      this.#running.end(jobId);
      this.#parts.live?.end(jobId);
    }
  }

  /** What an outcome means for the queue. */
  async #dispose(jobId: string, outcome: Outcome): Promise<Delivery> {
    switch (outcome.kind) {
      case 'completed':
      case 'failed':
      case 'dropped':
      case 'ended':
        if (outcome.next !== null) await this.#enqueue(outcome.next);
        return { kind: 'done' };
      case 'parked':
        // What waits for a call from outside is put in by that call.
        return outcome.waitMs === null
          ? { kind: 'done' }
          : { kind: 'again', delayMs: Math.max(1, outcome.waitMs) };
      case 'retry':
        return { kind: 'again', delayMs: this.draining ? 0 : elsewhereMs };
      case 'not_understood':
        this.#parts.logger.warn({ jobId, reason: outcome.reason }, 'job left to a newer worker');
        return { kind: 'again', delayMs: elsewhereMs };
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
