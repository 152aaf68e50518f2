import { randomUUID } from 'node:crypto';
import type { Signals } from '@mcp-fleet/queue';
import type { Logger } from '@mcp-fleet/runtime';
import type { JobEvents } from './job-events.ts';
import { WorkerStreams } from './worker-streams.ts';

/** How often the workers are reminded of the jobs that are followed here; they forget them after a minute. */
const renewMs = 20_000;

/** Is told whether the movement may have been the job's end. */
type Waker = (mayHaveEnded: boolean) => void;

/**
 * Hears from the workers when a followed job has moved on, wherever it runs, and streams what a worker does with it.
 * Signals can be lost: whoever follows a job looks at the store every so often as well.
 */
export class JobWatch {
  readonly #api = randomUUID();
  readonly #signals: Signals;
  readonly #streams: WorkerStreams;
  readonly #wakers = new Map<string, Set<Waker>>();
  readonly #unasked = new Set<string>();
  #listening: Promise<{ stop(): Promise<void> }> | undefined;
  #renewing: NodeJS.Timeout | undefined;

  /** Live events go to `events`. Without a token they come from workers on this machine only. */
  constructor(signals: Signals, setup: { events: JobEvents; token: string | undefined; logger: Logger }) {
    const { events, token, logger } = setup;
    this.#signals = signals;
    this.#streams = new WorkerStreams({ api: this.#api, token, emit: events.tell, logger });
  }

  /** Calls `wake` whenever the job has moved on; returns how to stop. */
  follow(jobId: string, wake: Waker): () => void {
    this.#start();
    const wakers = this.#wakers.get(jobId) ?? new Set<Waker>();
    // Each newcomer asks, so that it gets the text that was written before it came.
    this.#ask(jobId);
    wakers.add(wake);
    this.#wakers.set(jobId, wakers);
    return () => {
      wakers.delete(wake);
      if (wakers.size === 0) this.#wakers.delete(jobId);
    };
  }

  async stop(): Promise<void> {
    clearInterval(this.#renewing);
    this.#streams.close();
    const listening = await this.#listening?.catch(() => undefined);
    await listening?.stop();
  }

  #start(): void {
    if (this.#listening) return;
    this.#renewing = setInterval(() => {
      if (this.#wakers.size === 0) this.#streams.close();
      this.#askAgain();
    }, renewMs);
    this.#renewing.unref();
    this.#listening = this.#signals.listen((signal) => {
      if (signal.kind === 'worker_ready') this.#askAgain();
      if (signal.kind === 'held' && signal.jobIds.some((jobId) => this.#wakers.has(jobId))) {
        this.#streams.heard(signal.url);
      }
      if (signal.kind !== 'moved') return;
      for (const jobId of signal.jobIds) {
        const mayHaveEnded = signal.ended?.includes(jobId) ?? true;
        for (const wake of this.#wakers.get(jobId) ?? []) wake(mayHaveEnded);
      }
    });
    this.#listening.catch(() => {
      // The queue is away; the next one that follows a job tries again.
      this.#listening = undefined;
      clearInterval(this.#renewing);
    });
  }

  /** Jobs that are asked for in one turn of the event loop go in one message. */
  #ask(jobId: string): void {
    if (this.#unasked.size === 0) {
      setImmediate(() => {
        const jobIds = [...this.#unasked];
        this.#unasked.clear();
        this.#publish(jobIds);
      });
    }
    this.#unasked.add(jobId);
  }

  #askAgain(): void {
    this.#publish([...this.#wakers.keys()]);
  }

  #publish(jobIds: string[]): void {
    if (jobIds.length > 0) void this.#signals.publish({ kind: 'watch', jobIds, by: this.#api });
  }
}
