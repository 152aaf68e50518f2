import type { Logger } from './logger.ts';

/** Something that was started and has to be stopped. */
export interface Stoppable {
  stop(): Promise<void>;
}

/** Stops things in the reverse order of their start, all of them, whatever fails on the way. Idempotent. */
export class StopStack implements Stoppable {
  readonly #entries: { name: string; stop: () => Promise<void> }[] = [];
  readonly #onError: (name: string, error: unknown) => void;
  #stopping: Promise<void> | undefined;

  constructor(onError: (name: string, error: unknown) => void) {
    this.#onError = onError;
  }

  add(name: string, stop: () => Promise<void>): void {
    this.#entries.push({ name, stop });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (const entry of this.#entries.toReversed()) {
      try {
        await entry.stop();
      } catch (thrown) {
        this.#onError(entry.name, thrown);
      }
    }
  }
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
export function untilStopSignal(logger: Logger): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let first = true;
    const onSignal = (signal: NodeJS.Signals) => {
      if (!first) process.exit(130);
      first = false;
      logger.info({ signal }, 'stopping');
      resolve(signal);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}
