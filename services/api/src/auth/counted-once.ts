import { AsyncLocalStorage } from 'node:async_hooks';

const counted = new AsyncLocalStorage<true>();

/** Asks this app itself on behalf of a request that was counted already: what it asks is not counted again. */
export function withoutCounting<T>(ask: () => Promise<T>): Promise<T> {
  return counted.run(true, ask);
}

/** True for a request that another one makes of this app, which nobody outside can pretend. */
export const isCounted = (): boolean => counted.getStore() === true;
