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

/** Milliseconds that a process gets to end by itself once its parts have stopped. */
const endMs = 2_000;

/**
 * Ends this process soon after its parts have stopped: a connection that a library made for itself and that never
 * closes, such as BullMQ's blocking one after its server was restarted, must not keep it until it is killed.
 */
export function endProcess(logger: Logger): void {
  const end = () => {
    logger.warn('a part left something open behind; the process ends without it');
    process.exit();
  };
  setTimeout(end, endMs).unref();
}
