import type { AgentSpec } from './agent.ts';
import type { Batch, BatchState, LineResult, NewBatch, NewLine, WaitingLine } from './batch.ts';
import type { BatchUse, Budget, BudgetNeed } from './budget.ts';
import type { NewJob } from './job.ts';
import type { Page } from './page.ts';

/** A piece of an upload: whole lines, from the byte `offset` on. */
export interface UploadedLines {
  offset: number;
  bytes: number;
  lines: readonly NewLine[];
  /** Number of its last line. */
  lastLine: number;
  /** Agents that these lines name; one that the batch has already stays as it is. */
  agents: Record<string, AgentSpec>;
}

export type Appended =
  /** `duplicates` are the numbers of lines whose custom id the batch had already; they are kept as invalid. */
  | { kind: 'appended'; duplicates: number[] }
  /** The upload stands elsewhere; nothing was changed. */
  | { kind: 'elsewhere'; bytes: number }
  /** The batch takes no lines any more. */
  | { kind: 'closed'; state: BatchState }
  | { kind: 'absent' };

export type BatchChange =
  /** `budget`: only while it is the batch's, which whoever raises it changes. */
  | { to: 'pause'; reason: string; budget?: Budget }
  | { to: 'resume' }
  | { to: 'cancel' }
  /** Sets what it may use, whatever its state. */
  | { to: 'budget'; budget: Budget };

/** What has ended since it was last collected, and how much work it was (`workOf`). */
export interface CollectedLines {
  ended: number;
  work: number;
}

/** A tenant's part in the work: what it had so far, and what it is to have in proportion to others. */
export interface Share {
  used: number;
  weight: number;
}

/** The store's verbs about batches. Each costs the same however many lines a batch has, unless it says otherwise. */
export interface BatchStore {
  createBatch(batch: NewBatch): Promise<Batch>;
  batch(tenant: string, id: string): Promise<Batch | null>;
  /** Newest first. */
  batches(tenant: string, surface: Batch['surface'], page: Page): Promise<Batch[]>;
  /** Keeps lines durably, and with them how far the upload has come. */
  appendLines(tenant: string, id: string, upload: UploadedLines): Promise<Appended>;
  /** Lets the lines run; repeating it does nothing. Null when there is no such batch. */
  finalizeBatch(tenant: string, id: string): Promise<Batch | null>;
  /** Does what is possible in the batch's state and nothing otherwise; returns the batch as it then is. */
  changeBatch(tenant: string, id: string, change: BatchChange): Promise<Batch | null>;
  /** Lines that failed or expired wait again, and the batch goes on until `expiresAt`. Costs time by their number. */
  retryLines(tenant: string, id: string, expiresAt: Date): Promise<Batch | null>;
  /** Deletes an ended batch, or one that is being uploaded, with its jobs. Costs time by the number of lines. */
  deleteBatch(tenant: string, id: string): Promise<'deleted' | 'not_ended' | 'absent'>;
  /** Lines behind `after` in their order: all of them, or those alone that have ended. */
  lineResults(batchId: string, page: { after: number; limit: number; ended: boolean }): Promise<LineResult[]>;

  /** Batches of all tenants that have not ended, and of those that are uploaded still the ones that are overdue. */
  batchesAtWork(limit: number): Promise<Batch[]>;
  /** The first lines that wait, in their order. */
  waitingLines(batchId: string, limit: number): Promise<WaitingLine[]>;
  /**
   * Opens lines that wait, unless the batch was stopped, and accepts the jobs of those without a session. Returns
   * the numbers of those that were opened.
   */
  admitLines(batchId: string, lines: readonly { n: number; job: NewJob }[]): Promise<number[]>;
  /** Open lines of sessions whose jobs are still to be made, in their order. Costs time by the number of open lines. */
  unmadeLines(batchId: string, limit: number): Promise<WaitingLine[]>;
  /**
   * Counts the open lines whose jobs have ended, once each, and charges their work to the tenant. A line that was
   * opened `lostMs` ago and has no job waits again.
   */
  collectLines(batchId: string, options: { limit: number; lostMs: number }): Promise<CollectedLines>;
  /**
   * Keeps what the job of an open line has used and its next model call may use, in place of what it kept before, and
   * reads then what the batch and its other open lines have. Costs time by the number of open lines. Throws `not_found`.
   */
  reserve(batchId: string, jobId: string, need: BudgetNeed): Promise<BatchUse>;
  /** Jobs of open lines that have not ended. */
  openLines(batchId: string, limit: number): Promise<string[]>;
  /** Ends lines that wait; returns how many. */
  closeLines(batchId: string, state: 'canceled' | 'expired', limit: number): Promise<number>;
  /** Lets an overdue batch expire, and ends one of which nothing is left. Returns its state. */
  advanceBatch(batchId: string): Promise<BatchState>;
  shares(tenants: readonly string[]): Promise<Map<string, Share>>;
  /** Lets a tenant count as having had at least this much work. */
  raiseShare(tenant: string, used: number): Promise<void>;
}
