import type { EventListener, FleetEvent } from '@mcp-fleet/core';

/** Events of jobs that run in this process, for those who wait for one of them. */
export class JobEvents {
  readonly #listeners = new Map<string, Set<EventListener>>();

  /** The listener to give to whoever emits events. */
  readonly emit = (event: FleetEvent): void => {
    for (const listener of this.#listeners.get(event.job.jobId) ?? []) listener(event);
  };

  /** Listens to one job; returns how to stop. */
  listen(jobId: string, listener: EventListener): () => void {
    const listeners = this.#listeners.get(jobId) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(jobId, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(jobId);
    };
  }
}
