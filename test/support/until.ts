import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Waits until a look at something outside this process finds what is looked for, and returns it. For what
 * sends no event; fails with `what` after a minute, or the time that is given.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | null | undefined | false>,
  ms = 60_000,
): Promise<T> {
  const end = performance.now() + ms;
  while (performance.now() < end) {
    const found = await look();
    if (found) return found;
    await sleep(10);
  }
  throw new Error(`waited ${ms / 1_000} s in vain for: ${what}`);
}
