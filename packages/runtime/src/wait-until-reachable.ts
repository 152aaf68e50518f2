import { setTimeout as sleep } from 'node:timers/promises';
import { toFleetError } from '@mcp-fleet/core';
import type { Logger } from './logger.ts';

/**
 * Repeats a check until it passes, with a line for each try that failed, and throws the last failure when the
 * time is over. Failures that no waiting mends are thrown at once.
 */
export async function waitUntilReachable(
  check: () => Promise<void>,
  options: { waitMs: number; onRetry: (reason: string, nextInMs: number) => void; signal?: AbortSignal },
): Promise<void> {
  const deadline = performance.now() + options.waitMs;
  for (let pause = 250; ; pause = Math.min(pause * 2, 4_000)) {
    try {
      return await check();
    } catch (thrown) {
      const fault = toFleetError(thrown);
      if (fault.retry === 'never' || performance.now() + pause > deadline) throw fault;
      options.onRetry(fault.message, pause);
      await sleep(pause, undefined, options.signal ? { signal: options.signal } : {});
    }
  }
}

/** Waits for a part of a service; the log has a line for each try that failed. */
export function waitForPart(
  part: string,
  check: () => Promise<void>,
  { waitMs, logger }: { waitMs: number; logger: Logger },
): Promise<void> {
  const onRetry = (reason: string, nextInMs: number) => logger.warn({ part, nextInMs }, reason);
  return waitUntilReachable(check, { waitMs, onRetry });
}
