import type { FleetEvent } from '@mcp-fleet/core';
import type { Signals } from '@mcp-fleet/queue';

/** How long a job stays watched after an api asked for it; whoever still follows it asks again before. */
const watchedMs = 60_000;

const movements: ReadonlySet<FleetEvent['type']> = new Set(['step_recorded', 'job_parked', 'job_ended']);

/**
 * Tells the apis which of the jobs that somebody follows have moved on, so that they look at the store at once
 * rather than every so often. Jobs that nobody follows cost nothing.
 */
export class WatchedJobs {
  readonly #signals: Pick<Signals, 'publish'>;
  readonly #until = new Map<string, number>();
  readonly #moved = new Set<string>();
  readonly #ended = new Set<string>();

  constructor(signals: Pick<Signals, 'publish'>) {
    this.#signals = signals;
  }

  watch(jobIds: readonly string[]): void {
    const now = performance.now();
    for (const [jobId, until] of this.#until) if (until < now) this.#until.delete(jobId);
    for (const jobId of jobIds) this.#until.set(jobId, now + watchedMs);
  }

  readonly listen = ({ type, job }: FleetEvent): void => {
    if (!movements.has(type) || !this.#until.has(job.jobId)) return;
    // What moves in one turn of the event loop goes in one message.
    if (this.#moved.size === 0) setImmediate(() => this.#tell());
    this.#moved.add(job.jobId);
    if (type === 'job_ended') this.#ended.add(job.jobId);
  };

  #tell(): void {
    const [jobIds, ended] = [[...this.#moved], [...this.#ended]];
    this.#moved.clear();
    this.#ended.clear();
    void this.#signals.publish({ kind: 'moved', jobIds, ended });
  }
}
