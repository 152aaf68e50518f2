import { type JobQueue, type Lane, laneOf, lanes } from '@mcp-fleet/core';
import type { Queue } from 'bullmq';
import type { BullConnection, QueueBackend } from './backend.ts';
import { LaneQueue, type QueueCounts } from './lane-queue.ts';

/** A queue as BullMQ has it. */
export type OpenQueue = Queue;

interface QueuedJob {
  jobId: string;
  delayMs?: number;
}

/** The producers' side of the queue: each id goes into its lane's. */
export class BullJobQueue implements JobQueue {
  readonly #connection: BullConnection;
  readonly #lanes: Record<Lane, LaneQueue>;

  constructor(backend: QueueBackend) {
    this.#connection = backend.producer();
    this.#lanes = {
      interactive: new LaneQueue(backend, this.#connection, 'interactive'),
      batch: new LaneQueue(backend, this.#connection, 'batch'),
    };
  }

  /** Resolves when the queue has been reached; not needed before the other calls. */
  async start(): Promise<void> {
    await this.#each((lane) => lane.start());
  }

  async add(jobId: string, options: { delayMs?: number } = {}): Promise<void> {
    await this.#lanes[laneOf(jobId)].add(jobId, options.delayMs ?? 0);
  }

  async addMany(jobs: readonly QueuedJob[]): Promise<void> {
    await this.#split(
      jobs,
      ({ jobId }) => jobId,
      (lane, own) => lane.addMany(own),
    );
  }

  /**
   * Of these ids, makes due those that the queue still delays. A worker whose clock is ahead delays an id for
   * longer than it means to. Returns how many.
   */
  async promote(jobIds: readonly string[]): Promise<number> {
    return sum(
      await this.#split(
        jobIds,
        (jobId) => jobId,
        (lane, own) => lane.promote(own),
      ),
    );
  }

  /** Ids of one lane, or of both. */
  async counts(lane?: Lane): Promise<QueueCounts> {
    if (lane !== undefined) return this.#lanes[lane].counts();
    const counts = await this.#each((each) => each.counts());
    const total = (state: keyof QueueCounts) => sum(counts.map((each) => each[state]));
    return { waiting: total('waiting'), active: total('active'), delayed: total('delayed') };
  }

  /** Removes every id, those being delivered included. Nothing is lost: the store has the jobs. */
  async wipe(): Promise<void> {
    await this.#each((lane) => lane.wipe());
  }

  /** BullMQ's own queues, one for each lane, for those who look into them. They stay this one's. */
  open(): Promise<OpenQueue[]> {
    return this.#each((lane) => lane.open());
  }

  async stop(): Promise<void> {
    await this.#each((lane) => lane.stop());
    await this.#connection.close();
  }

  #each<T>(work: (lane: LaneQueue) => Promise<T>): Promise<T[]> {
    return Promise.all(lanes.map((lane) => work(this.#lanes[lane])));
  }

  /** Does the work for each lane that some of these are of. */
  #split<Item, T>(
    items: readonly Item[],
    idOf: (item: Item) => string,
    work: (lane: LaneQueue, own: readonly Item[]) => Promise<T>,
  ): Promise<T[]> {
    const parts = lanes.map((lane) => ({ lane, own: items.filter((item) => laneOf(idOf(item)) === lane) }));
    return Promise.all(
      parts.filter(({ own }) => own.length > 0).map(({ lane, own }) => work(this.#lanes[lane], own)),
    );
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
