import type { ContextStore, Progress } from '@mcp-fleet/core';
import type { Logger } from '@mcp-fleet/runtime';
import type { JobEvents } from './job-events.ts';
import { type EventSink, JobFollower } from './job-follower.ts';
import type { JobWatch } from './job-watch.ts';
import type { StreamCursor } from './stream-cursor.ts';

/** How soon the store is looked at again for steps of which no worker has told, growing from the first to the second. */
const firstLookMs = 50;
const lastLookMs = 2_000;

/** Streams that one read is for. */
const mostInOne = 200;

interface Following {
  follower: JobFollower;
  lookMs: number;
  lookAt: number;
  stop: () => void;
}

/**
 * Reads what has happened to the jobs that streams of this process follow. Jobs that move at about the same time are
 * read at once: the more streams there are, the more jobs one read is for.
 */
export class JobFeed {
  readonly #parts: { store: ContextStore; events: JobEvents; watch: JobWatch; logger: Logger };
  readonly #following = new Set<Following>();
  readonly #due = new Set<Following>();
  #reading = false;
  #looking: NodeJS.Timeout | undefined;

  constructor(parts: { store: ContextStore; events: JobEvents; watch: JobWatch; logger: Logger }) {
    this.#parts = parts;
  }

  /** Sends a job's events behind a cursor to the sink, until the job has ended or the function is called. */
  follow(job: { tenant: string; jobId: string }, cursor: StreamCursor, sink: EventSink): () => void {
    const { events, watch } = this.#parts;
    const follower = new JobFollower(job, cursor, sink);
    const following: Following = { follower, lookMs: firstLookMs, lookAt: 0, stop: () => undefined };
    const stopListening = events.listen(job.jobId, (event) => {
      if (follower.hear(event)) this.#mark(following);
    });
    const stopWatching = watch.follow(job.jobId, () => this.#mark(following));
    following.stop = () => {
      stopListening();
      stopWatching();
      this.#following.delete(following);
      this.#due.delete(following);
      if (this.#following.size === 0) this.#stopLooking();
    };
    this.#following.add(following);
    this.#looking ??= setInterval(() => this.#look(), firstLookMs).unref();
    this.#mark(following);
    return following.stop;
  }

  #stopLooking(): void {
    clearInterval(this.#looking);
    this.#looking = undefined;
  }

  /** Signals can be lost. */
  #look(): void {
    const now = performance.now();
    for (const following of this.#following) if (following.lookAt <= now) this.#mark(following);
  }

  /** What is due in one turn of the event loop is read together. */
  #mark(following: Following): void {
    this.#due.add(following);
    if (this.#reading) return;
    this.#reading = true;
    setImmediate(() => {
      void this.#readDue();
    });
  }

  /** One read after the other: what becomes due meanwhile goes in the next. */
  async #readDue(): Promise<void> {
    while (this.#due.size > 0) await this.#read();
    this.#reading = false;
  }

  async #read(): Promise<void> {
    const batch = [...this.#due].slice(0, mostInOne);
    const now = performance.now();
    for (const following of batch) {
      this.#due.delete(following);
      following.lookAt = now + following.lookMs;
      following.lookMs = Math.min(following.lookMs * 2, lastLookMs);
      following.follower.beginRead();
    }
    try {
      const read = await this.#parts.store.progress(jobsOf(batch));
      const progress = new Map(read.map((one) => [one.jobId, one]));
      for (const following of batch) this.#tell(following, progress.get(following.follower.jobId));
    } catch (thrown) {
      // The streams stay open: what is recorded is read at the next look.
      this.#parts.logger.warn({ err: thrown, streams: batch.length }, 'followed jobs could not be read');
    }
  }

  #tell(following: Following, progress: Progress | undefined): void {
    // The stream may have gone while its job was read.
    if (!this.#following.has(following)) return;
    const { follower } = following;
    if (progress && !follower.advance(progress)) return;
    following.stop();
    if (!progress) follower.end();
  }
}

/** Streams of one job are served by one read, from the earliest of their rounds on. */
function jobsOf(batch: readonly Following[]) {
  const jobs = new Map<string, { tenant: string; jobId: string; round: number }>();
  for (const { follower } of batch) {
    const { tenant, jobId, round } = follower;
    jobs.set(jobId, { tenant, jobId, round: Math.min(round, jobs.get(jobId)?.round ?? round) });
  }
  return [...jobs.values()];
}
