/** Longest wait between two tries, and the cap on what a provider may ask for. */
export const longestBackoffMs = 60_000;
export const longestRetryAfterMs = 300_000;

const firstBackoffMs = 500;

/**
 * Full-jitter exponential backoff: a uniform draw between 0 and 0.5 s · 2^failures, capped at a minute, and
 * never earlier than the remote side asked for (that capped at five minutes).
 *
 * @param failures failures in a row before this one, from 0
 * @param random at least 0, less than 1
 */
export function backoffMs(failures: number, random: number, retryAfterMs = 0): number {
  const ceiling = Math.min(longestBackoffMs, firstBackoffMs * 2 ** Math.min(failures, 20));
  return Math.round(Math.max(random * ceiling, Math.min(retryAfterMs, longestRetryAfterMs)));
}
