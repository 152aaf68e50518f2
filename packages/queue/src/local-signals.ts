import type { FleetSignal, Signals } from './signals.ts';

/** Signals of a queue that this process alone works on: they reach its own parts, after the work at hand. */
export function localSignals(): () => Signals {
  const listeners = new Set<(signal: FleetSignal) => void>();
  const signals: Signals = {
    async publish(signal) {
      setImmediate(() => {
        for (const listener of listeners) listener(signal);
      });
    },
    async listen(listener) {
      // One function may listen twice.
      const own = (signal: FleetSignal) => listener(signal);
      listeners.add(own);
      return { stop: async () => void listeners.delete(own) };
    },
  };
  return () => signals;
}
