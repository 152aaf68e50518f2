import type { Logger } from './logger.ts';

/** Something that was started and has to be stopped. */
export interface Stoppable {
  stop(): Promise<void>;
}

/** Stops things in the reverse order of their start, all of them, whatever fails on the way. Idempotent. */
export class StopStack implements Stoppable {
  readonly #entries: { name: string; stop: () => Promise<void>; mostMs: number }[] = [];
  readonly #onError: (name: string, error: unknown) => void;
  #stopping: Promise<void> | undefined;

  constructor(onError: (name: string, error: unknown) => void) {
    this.#onError = onError;
  }

  /** One that has not stopped after `mostMs` is left behind, so that it keeps no other from stopping. */
  add(name: string, stop: () => Promise<void>, mostMs = 10_000): void {
    this.#entries.push({ name, stop, mostMs });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (const entry of this.#entries.toReversed()) {
      try {
        await within(entry.stop(), entry.mostMs);
      } catch (thrown) {
        this.#onError(entry.name, thrown);
      }
    }
  }
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not stopped after ${ms / 1_000} s`)), ms);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
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
