import type { EventListener, FleetEvent } from '@mcp-fleet/core';
import { PartialReplies } from '@mcp-fleet/runtime';

/** Events of running jobs, for those who wait for one of them. */
export class JobEvents {
  readonly #listeners = new Map<string, Set<EventListener>>();
  readonly #replies = new PartialReplies();

  /** The listener to give to whoever runs jobs in this process. */
  readonly emit = (event: FleetEvent): void => {
    this.#replies.listen(event);
    this.tell(event);
  };

  /** Passes on an event of a job that runs elsewhere. */
  readonly tell = (event: FleetEvent): void => {
    for (const listener of this.#listeners.get(event.job.jobId) ?? []) listener(event);
  };

  /** Listens to one job, whose text so far comes at once; returns how to stop. */
  listen(jobId: string, listener: EventListener): () => void {
    const listeners = this.#listeners.get(jobId) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(jobId, listeners);
    const text = this.#replies.of(jobId);
    if (text) listener(text);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(jobId);
    };
  }
}
