import { FleetError } from './errors.ts';
import type { Clock } from './ports.ts';

/** A job while this worker holds it: `signal` aborts when it does no longer. */
interface Held {
  ports: { clock: Clock };
  signal: AbortSignal;
}

/** Milliseconds before each further try, of which chance takes up to half. */
const pausesMs = [100, 400, 1_600, 3_200];

/** After this a driver that waits by itself has had its time. */
const longestMs = 10_000;

/** What came of a write, and the fault that the last try before it met; null for one that succeeded at once. */
export interface Persisted<T> {
  written: T;
  fault: FleetError | null;
}

/**
 * Writes what cannot be had again for nothing: a reply that is paid for, the result of a call that was sent. While the
 * store cannot be reached it is tried again for some seconds, as long as this worker holds the job; a later delivery
 * would pay for it once more, or know of the call no more than that it was sent. A write whose answer was lost is found
 * as it stands, for writes can be repeated.
 */
export async function persist<T>(held: Held, write: () => Promise<T>): Promise<Persisted<T>> {
  const { clock } = held.ports;
  const began = clock.now();
  let fault: FleetError | null = null;
  for (const pauseMs of [...pausesMs, null]) {
    try {
      return { written: await write(), fault };
    } catch (thrown) {
      if (!(thrown instanceof FleetError) || thrown.code !== 'store_unavailable') throw thrown;
      if (pauseMs === null || clock.now() - began > longestMs) throw thrown;
      fault = thrown;
      await pause(held, pauseMs * (1 - clock.random() / 2));
      if (held.signal.aborted) throw thrown;
    }
  }
  throw new Error('the last try returns or throws');
}

async function pause({ ports, signal }: Held, ms: number): Promise<void> {
  const alarm = ports.clock.alarm(ms);
  const over = AbortSignal.any([alarm.signal, signal]);
  if (!over.aborted) await new Promise((resolve) => over.addEventListener('abort', resolve, { once: true }));
  alarm.cancel();
}
