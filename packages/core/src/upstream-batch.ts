/**
 * `claimed`: has its calls, and nothing was sent. `sending`: its creation was begun, and nobody knows yet what came
 * of it. `submitted`: the provider has it. `returning`: it was not created, and its calls are being given back.
 * `ended` and `not_created` are for good.
 */
export type UpstreamState = 'claimed' | 'sending' | 'submitted' | 'returning' | 'ended' | 'not_created';

/** A batch of model calls at a provider, recorded before it is created there. */
export interface UpstreamBatch {
  id: string;
  model: string;
  state: UpstreamState;
  /** The provider's own id; null until it is known. */
  upstreamId: string | null;
  /** How many calls were sent; null before. */
  requests: number | null;
  sentAt: Date | null;
  /** Milliseconds since its creation was begun, by the store's clock; null before. */
  sentForMs: number | null;
}

/** Calls of one model that wait for an upstream batch. */
export interface WaitingCalls {
  model: string;
  count: number;
  /** Milliseconds that the oldest of them has waited, by the store's clock. */
  oldestMs: number;
}

/** How long an upstream batch is reckoned to take while none has been measured: most end within the hour. */
const unmeasuredMs = 3_600_000;

/** The time, in milliseconds, in which 95 of 100 measured batches had ended. */
export function p95(durations: readonly number[]): number {
  const sorted = durations.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.95) - 1] ?? unmeasuredMs;
}
