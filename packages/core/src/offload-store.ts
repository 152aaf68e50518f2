import type { Fence } from './fence.ts';
import type { NewOfflineCall, OfflineAnswer, OfflineCall } from './offline-call.ts';
import type { UpstreamBatch, UpstreamState, WaitingCalls } from './upstream-batch.ts';

/** The store's verbs about model calls that go through upstream batches. */
export interface OffloadStore {
  /** The call that the job left to an upstream batch last, answered or not. */
  offlineCall(jobId: string): Promise<OfflineCall | null>;
  /**
   * Leaves a model call to an upstream batch, durably. It takes the place of that of an earlier round; one of the
   * same round stays as it is.
   */
  askOffline(fence: Fence, call: NewOfflineCall): Promise<'asked' | 'superseded'>;
  /**
   * Takes a call back: one without an answer only as long as no upstream batch has it. False when it stays.
   * `call` is as the job last saw it.
   */
  withdrawCall(fence: Fence, call: OfflineCall): Promise<boolean>;

  waitingCalls(): Promise<WaitingCalls[]>;
  /**
   * Records an upstream batch as claimed, with the oldest calls of its model that wait, durably. Two that claim at
   * once never get the same call. Without calls there is no batch.
   */
  claimCalls(batch: Pick<UpstreamBatch, 'id' | 'model'>, limit: number): Promise<OfflineCall[]>;
  /** The calls of an upstream batch that have no answer, in the order of their jobs' ids. */
  unansweredCalls(batchId: string): Promise<OfflineCall[]>;
  /**
   * Takes calls without an answer out of an upstream batch: to wait for another (`again`), or for good. All of
   * them for null.
   */
  releaseCalls(batchId: string, jobIds: readonly string[] | null, how: 'again' | 'gone'): Promise<void>;
  /** Upstream batches that are neither `ended` nor `not_created`. */
  openBatches(): Promise<UpstreamBatch[]>;
  /** Moves a batch by compare-and-set on its state, durably. False when it is in another. */
  moveBatch(
    id: string,
    from: UpstreamState,
    to: { state: UpstreamState; upstreamId?: string; requests?: number },
  ): Promise<boolean>;
  /** Of these ids of a provider, those that a batch is recorded with. */
  recordedBatches(upstreamIds: readonly string[]): Promise<string[]>;
  /**
   * Hands answers, by their calls' `customId`, to the jobs that wait for them, durably; the first one counts. Jobs
   * become due: their ids are returned, to be promoted in the queue or put there. What nobody waits for any more
   * is ignored. Safe to repeat.
   */
  answerCalls(batchId: string, answers: ReadonlyMap<string, OfflineAnswer>): Promise<string[]>;
  /**
   * Milliseconds that the batches that ended last took, from the asking of the oldest call of each to its end.
   */
  upstreamDurations(limit: number): Promise<number[]>;
  /** Deletes calls of jobs that have ended or are gone, unless an open batch has them. Returns how many. */
  dropOfflineCalls(limit: number): Promise<number>;
}
