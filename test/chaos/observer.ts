import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobRow, StepRow, StoreView } from './view/store-view.ts';

/** A step as it was when it was first seen. */
export interface SeenStep {
  row: StepRow;
  /** It was recorded before this moment, in milliseconds since the epoch. */
  seenAt: number;
  /** The job's epoch, read after the step. */
  epoch: number;
}

/** A change of what must never change. */
export interface Change {
  jobId: string;
  what: string;
}

/** What was seen in the store while the run went on. */
export interface Observations {
  /** By `<job>/<round>/<slot>`. */
  steps: ReadonlyMap<string, SeenStep>;
  /** Each job's steps in the order in which they were first seen, each link hashing the one before it. */
  chains: ReadonlyMap<string, { keys: string[]; digest: string }>;
  changes: readonly Change[];
  /** Looks that the store answered. */
  looks: number;
}

export const stepKey = (row: StepRow): string => `${row.jobId}/${row.round}/${row.slot}`;

/** The next link of a job's hash chain. */
export const link = (digest: string, row: StepRow): string =>
  hash('sha256', `${digest}\n${row.round}/${row.slot}\n${row.body}`, 'hex');

/** Milliseconds between two looks; a look that takes long is followed by as long a pause. */
const everyMs = 300;

/** Looks at the store again and again, and remembers what it saw. */
export class Observer {
  readonly #view: StoreView;
  readonly #steps = new Map<string, SeenStep>();
  readonly #chains = new Map<string, { keys: string[]; digest: string }>();
  readonly #ended = new Map<string, JobRow>();
  readonly #changes: Change[] = [];
  /** Jobs whose steps were read after their end. */
  readonly #done = new Set<string>();
  #open: string[] = [];
  #looks = 0;

  constructor(view: StoreView) {
    this.#view = view;
  }

  get observations(): Observations {
    return { steps: this.#steps, chains: this.#chains, changes: this.#changes, looks: this.#looks };
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const begun = performance.now();
      await this.look().catch(() => undefined);
      const pauseMs = Math.max(everyMs, performance.now() - begun);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One look. Steps are read before jobs, so that a job's epoch is at least the one its step was written in. */
  async look(): Promise<JobRow[]> {
    const steps = this.#open.length === 0 ? [] : await this.#view.steps(this.#open);
    const seenAt = Date.now();
    const jobs = await this.#view.jobs();
    const epochs = new Map(jobs.map((job) => [job.id, job.epoch]));
    for (const row of steps) this.#note(row, seenAt, epochs.get(row.jobId) ?? 0);
    // Steps that were read after a job's end are all there will be.
    for (const id of this.#open) if (this.#ended.has(id)) this.#done.add(id);
    for (const job of jobs) this.#compare(job);
    this.#open = jobs.map((job) => job.id).filter((id) => !this.#done.has(id));
    this.#looks += 1;
    return jobs;
  }

  #note(row: StepRow, seenAt: number, epoch: number): void {
    const key = stepKey(row);
    const known = this.#steps.get(key);
    if (known !== undefined) {
      if (known.row.body === row.body) return;
      this.#changes.push({ jobId: row.jobId, what: `step ${row.round}/${row.slot} changed its bytes` });
      return;
    }
    this.#steps.set(key, { row, seenAt, epoch });
    const chain = this.#chains.get(row.jobId) ?? { keys: [], digest: '' };
    chain.keys.push(key);
    chain.digest = link(chain.digest, row);
    this.#chains.set(row.jobId, chain);
  }

  #compare(job: JobRow): void {
    const before = this.#ended.get(job.id);
    if (before === undefined) {
      if (isEnded(job)) this.#ended.set(job.id, job);
      return;
    }
    for (const field of ['state', 'answer', 'error', 'endedAt'] as const) {
      if (before[field] === job[field]) continue;
      const what = `after its end, ${field} went from ${before[field]} to ${job[field]}`;
      this.#changes.push({ jobId: job.id, what });
      this.#ended.set(job.id, job);
    }
  }
}

/** True for a job in a terminal state. */
export const isEnded = (job: Pick<JobRow, 'state'>): boolean =>
  ['succeeded', 'failed', 'canceled', 'expired'].includes(job.state);
