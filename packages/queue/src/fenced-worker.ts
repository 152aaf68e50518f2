import { type Processor, Worker } from 'bullmq';
import { LockDeadlines } from './lock-deadlines.ts';

/** The largest that both backends take: a 32-bit integer. */
const noStalledLimit = 2 ** 31 - 1;

/** How often deadlines are looked at, as a share of the lock's time. */
const looksPerLock = 20;

/**
 * A BullMQ worker that stops its own deliveries before their locks can be another worker's. BullMQ itself goes
 * on after a lost lock, and waits without end for a queue that does not answer.
 */
export class FencedWorker extends Worker {
  readonly #locks: LockDeadlines;
  readonly #watch: NodeJS.Timeout;

  constructor(
    queueName: string,
    process: Processor,
    options: { connection: object; concurrency: number; lockMs: number },
    factory: never,
  ) {
    const { lockMs, ...rest } = options;
    super(
      queueName,
      process,
      {
        ...rest,
        lockDuration: lockMs,
        stalledInterval: Math.max(1_000, Math.round(lockMs / 2)),
        maxStalledCount: noStalledLimit,
        runRetryDelay: 1_000,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      },
      factory,
    );
    this.#locks = new LockDeadlines(lockMs);
    this.on('lockRenewalFailed', (jobIds: string[]) => this.stopDeliveries(jobIds, 'the lock was lost'));
    this.#watch = setInterval(() => {
      this.stopDeliveries(this.#locks.due(), 'the lock could not be renewed in time');
    }, lockMs / looksPerLock);
  }

  /** A delivery begins; `processedOn` is when its lock was asked for, by this machine's clock. */
  begin(jobId: string, processedOn: number | undefined): void {
    this.#locks.begin(jobId, processedOn === undefined ? 0 : Date.now() - processedOn);
  }

  end(jobId: string): void {
    this.#locks.end(jobId);
  }

  stopDeliveries(jobIds: readonly string[], reason: string): void {
    for (const jobId of jobIds) this.cancelJob(jobId, reason);
  }

  override async extendJobLocks(jobIds: string[], tokens: string[], duration: number): Promise<string[]> {
    const askedAt = performance.now();
    const failed = await super.extendJobLocks(jobIds, tokens, duration);
    const lost = new Set(failed);
    for (const jobId of jobIds) if (!lost.has(jobId)) this.#locks.renewed(jobId, askedAt);
    return failed;
  }

  override close(force?: boolean): Promise<void> {
    return super.close(force).finally(() => clearInterval(this.#watch));
  }
}
