import { FleetApiError } from './api-error.ts';
import { pause } from './http.ts';

/** Times in a row that something may fail without having brought anything. */
const mostFailures = 10;

const firstPauseMs = 500;

/** Sits out failures that pass by themselves, ten in a row, with longer and longer pauses: two to three minutes. */
export class Patience {
  #failures = 0;
  readonly #signal: AbortSignal | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Something came: failures are counted anew. */
  restore(): void {
    this.#failures = 0;
  }

  /** What `work` comes to, once it comes to something. */
  async through<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (thrown) {
        await this.bear(thrown);
      }
    }
  }

  /** Waits before the next try; throws what does not pass by itself, unless it is said to, or lasts too long. */
  async bear(thrown: unknown, passes = passesByItself(thrown)): Promise<void> {
    this.#signal?.throwIfAborted();
    this.#failures += 1;
    if (!passes || this.#failures > mostFailures) throw thrown;
    const asked = thrown instanceof FleetApiError ? thrown.retryAfterMs : null;
    await pause(asked ?? firstPauseMs * 2 ** (this.#failures - 1) * (0.5 + Math.random()), this.#signal);
  }
}

/** What fetch throws when a stream breaks half-way is no error of the fleet's. */
export const passesByItself = (thrown: unknown): boolean =>
  !(thrown instanceof FleetApiError) || thrown.isTransient;
