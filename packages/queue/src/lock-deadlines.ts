/** The part of a lock's time that is left for an aborted delivery to stop in. */
const marginShare = 0.1;
const longestMarginMs = 1_000;

/**
 * Until when the locks of deliveries hold, by this process's monotonic clock.
 *
 * A lock may be given to another worker `lockMs` after it was last asked for, whatever came of the answer. So
 * the time counts from the asking, and a delivery is due to stop a margin before that, even when the queue does
 * not answer at all, and at once when the event loop was blocked for longer.
 */
export class LockDeadlines {
  readonly #lockMs: number;
  readonly #until = new Map<string, number>();

  constructor(lockMs: number) {
    this.#lockMs = lockMs;
  }

  /** A delivery begins whose lock was asked for `agoMs` ago. */
  begin(jobId: string, agoMs: number): void {
    this.#until.set(jobId, performance.now() - Math.max(0, agoMs) + this.#holdsMs);
  }

  /** The lock was renewed by a request made at `askedAt`, as `performance.now()` gave it. */
  renewed(jobId: string, askedAt: number): void {
    if (this.#until.has(jobId)) this.#until.set(jobId, askedAt + this.#holdsMs);
  }

  end(jobId: string): void {
    this.#until.delete(jobId);
  }

  /** Deliveries that have to stop now; each is named once. */
  due(): string[] {
    const now = performance.now();
    const due = [...this.#until].filter(([, until]) => until <= now).map(([jobId]) => jobId);
    for (const jobId of due) this.#until.delete(jobId);
    return due;
  }

  get #holdsMs(): number {
    return this.#lockMs - Math.min(longestMarginMs, this.#lockMs * marginShare);
  }
}
