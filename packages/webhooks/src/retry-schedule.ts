const seconds = 1_000;
const minutes = 60 * seconds;
const hours = 60 * minutes;

/** When each attempt is made, in milliseconds after the first: the schedule that Standard Webhooks proposes. */
const attemptsAt = [
  0,
  5 * seconds,
  5 * minutes,
  30 * minutes,
  2 * hours,
  5 * hours,
  10 * hours,
  14 * hours,
  20 * hours,
  24 * hours,
];

/** A receiver's own wish to wait counts up to this. */
const longestRetryAfter = 6 * hours;

/** The part of a wait by which it is shortened or prolonged at most, so that failures do not return together. */
const jitter = 0.1;

/**
 * Milliseconds to wait after the n-th attempt, counted from 1, has failed; null when it was the last. `random` is
 * at least 0 and less than 1.
 */
export function nextAttemptMs(attempt: number, random: number): number | null {
  const next = attemptsAt[attempt];
  const made = attemptsAt[attempt - 1];
  if (next === undefined || made === undefined) return null;
  return Math.round((next - made) * (1 - jitter + 2 * jitter * random));
}

/** The wait until the next attempt, no shorter than the receiver asked for, within a bound of six hours. */
export function withRetryAfter(waitMs: number, retryAfterMs: number | null): number {
  return Math.max(waitMs, Math.min(retryAfterMs ?? 0, longestRetryAfter));
}
