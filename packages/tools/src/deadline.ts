/** A time limit joined with a caller's signal. `clear` has to be called when the work has ended. */
export interface Deadline {
  signal: AbortSignal;
  readonly timedOut: boolean;
  clear(): void;
}

/**
 * Starts a time limit. Once cleared, its signal never fires: the MCP SDK keeps listening to a signal after its
 * request has ended, and would then send a cancellation for it.
 */
export function startDeadline(ms: number, signal: AbortSignal): Deadline {
  const stop = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    stop.abort(new Error(`it took more than ${ms} ms`));
  }, ms);
  const abort = () => stop.abort(new Error('it was cancelled'));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return {
    signal: stop.signal,
    get timedOut() {
      return timedOut;
    },
    clear: () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    },
  };
}

/** Rejects with the signal's reason as soon as it fires, whatever becomes of the promise. */
export function orAbort<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}
