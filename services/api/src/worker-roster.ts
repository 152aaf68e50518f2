import { setTimeout as sleep } from 'node:timers/promises';
import type { Signals, WorkerStatus } from '@mcp-fleet/queue';

/** A worker that is silent for so long is gone: it speaks every five seconds. */
const silentMs = 16_000;

/** What the first one who asks waits for the workers to answer. */
const answerMs = 300;

/** A worker, and when it last said how it does. */
export interface SeenWorker {
  status: WorkerStatus;
  seenAt: Date;
}

/** The workers of the whole fleet, as they tell of themselves. */
export class WorkerRoster {
  readonly #signals: Signals;
  readonly #seen = new Map<string, SeenWorker>();
  #listening: Promise<{ stop(): Promise<void> }> | undefined;

  constructor(signals: Signals) {
    this.#signals = signals;
  }

  /** Those that are there, by host and start. Empty while the queue, which their signals go through, is away. */
  async workers(): Promise<SeenWorker[]> {
    await this.#listen();
    const oldest = Date.now() - silentMs;
    for (const [id, { seenAt }] of this.#seen) if (seenAt.getTime() < oldest) this.#seen.delete(id);
    const name = ({ status }: SeenWorker) => `${status.host} ${status.startedAt}`;
    return [...this.#seen.values()].sort((a, b) => name(a).localeCompare(name(b)));
  }

  async stop(): Promise<void> {
    const listening = await this.#listening?.catch(() => undefined);
    await listening?.stop();
  }

  /** Listens from the first question on: most apis are never asked. */
  async #listen(): Promise<void> {
    if (this.#listening) return void (await this.#listening.catch(() => undefined));
    this.#listening = this.#begin();
    await this.#listening.catch(() => {
      // The queue is away; the next one that asks tries again.
      this.#listening = undefined;
    });
  }

  async #begin(): Promise<{ stop(): Promise<void> }> {
    const listening = await this.#signals.listen((signal) => {
      if (signal.kind !== 'worker') return;
      if (signal.gone) this.#seen.delete(signal.worker.id);
      else this.#seen.set(signal.worker.id, { status: signal.worker, seenAt: new Date() });
    });
    await this.#signals.publish({ kind: 'roll_call' });
    await sleep(answerMs);
    return listening;
  }
}
