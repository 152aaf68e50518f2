import { FleetError } from '@mcp-fleet/core';
import { classifyError, type ProviderFault } from './classify-error.ts';

/** One call to a provider: its limits, how it is sent, and how its SDK's errors are read. */
export interface ProviderCall<T> {
  /** The name that errors carry. */
  provider: string;
  /** Milliseconds for the whole reply, a stream's last event included. SDK timeouts end at the headers. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Aborted when the provider is closed. */
  closing: AbortSignal;
  send(signal: AbortSignal): Promise<T>;
  /** The facts of an error that the provider itself answered with; null for any other. */
  read(thrown: unknown): Omit<ProviderFault, 'provider' | 'cause'> | null;
}

/**
 * Sends a call and turns whatever goes wrong into a FleetError, except that an abort by the caller's own
 * signal is thrown as it came.
 */
export async function callProvider<T>(call: ProviderCall<T>): Promise<T> {
  const deadline = openDeadline(call.timeoutMs, [call.signal, call.closing]);
  try {
    return await call.send(deadline.signal);
  } catch (thrown) {
    if (call.signal.aborted) throw thrown;
    if (deadline.expired()) {
      throw new FleetError(
        'model_unavailable',
        `${call.provider} gave no whole reply within ${call.timeoutMs} ms.`,
        { cause: thrown },
      );
    }
    throw toFault(call, thrown);
  } finally {
    deadline.close();
  }
}

function toFault(call: ProviderCall<unknown>, thrown: unknown): FleetError {
  if (thrown instanceof FleetError) return thrown;
  const fault = call.read(thrown);
  if (fault) return classifyError({ ...fault, provider: call.provider, cause: thrown });
  const code = isGarbage(thrown) ? 'model_bad_reply' : 'model_unavailable';
  return new FleetError(code, `${call.provider}: ${describe(thrown)}`, { cause: thrown });
}

/** What is neither an answer nor a broken connection could not be read as the API's. */
function isGarbage(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  if (thrown instanceof SyntaxError || thrown.cause instanceof SyntaxError) return true;
  return /Unexpected event order/.test(thrown.message);
}

/** An error and its causes, such as `Connection error. (fetch failed; connect ECONNREFUSED …)`. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const causes: string[] = [];
  for (let cause = thrown.cause; cause instanceof Error && causes.length < 4; cause = cause.cause) {
    if (cause.message !== '') causes.push(cause.message);
  }
  return causes.length === 0 ? thrown.message : `${thrown.message} (${causes.join('; ')})`;
}

interface Deadline {
  signal: AbortSignal;
  expired(): boolean;
  close(): void;
}

function openDeadline(ms: number, signals: readonly AbortSignal[]): Deadline {
  const controller = new AbortController();
  let expired = false;
  const abort = () => controller.abort();
  const timer = setTimeout(() => {
    expired = true;
    abort();
  }, ms);
  for (const signal of signals) {
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
  }
  return {
    signal: controller.signal,
    expired: () => expired,
    close() {
      clearTimeout(timer);
      for (const signal of signals) signal.removeEventListener('abort', abort);
    },
  };
}
