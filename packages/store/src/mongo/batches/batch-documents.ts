import {
  type Batch,
  type BatchState,
  type Budget,
  type BudgetNeed,
  type JobTotals,
  type LineCounts,
  type LineState,
  type NewLine,
  totalsOf,
} from '@mcp-fleet/core';
import { decodeAgents, decodeMetadata } from '../../record-codec.ts';

/** A batch with its counters, which follow its lines: see move-lines.ts and append-lines.ts. */
export interface BatchDoc {
  _id: string;
  tenant: string;
  surface: Batch['surface'];
  state: BatchState;
  agent: string;
  agents: string;
  on_invalid: Batch['onInvalid'];
  metadata: string;
  bytes: number;
  /** The last line of the upload so far. Lines behind it are left over from an upload that was not kept. */
  last_line: number;
  /** Uploads that were begun; only the last of them is kept. */
  uploads: number;
  /** Moves that were begun; the last of them is under way while it is `pending`. */
  moves: number;
  pending?: PendingMoves;
  counts: LineCounts;
  totals: JobTotals;
  /** Set once a job ended whose cost is not known. */
  unpriced?: number;
  budget: Budget;
  pause_reason: string | null;
  created_at: Date;
  finalized_at: Date | null;
  expires_at: Date;
  cancel_requested_at: Date | null;
  ended_at: Date | null;
  /** True once webhooks have their deliveries of its end. */
  announced?: boolean;
  /** Set while the batch is being deleted. */
  deleting?: true;
}

/** Lines that go from one state to another. Those that open have their jobs' ids in `jobs`, in the same order. */
export interface Move {
  from: LineState;
  to: LineState;
  lines: number[];
  jobs?: string[];
}

export interface PendingMoves {
  /** The number of these moves in the batch, which is the fence of their writes. */
  seq: number;
  at: Date;
  moves: Move[];
  /** Sums over the jobs that the lines ended with. */
  totals: JobTotals;
}

/** A line. What is optional is left out while it does not apply. */
export interface LineDoc {
  _id: string;
  batch_id: string;
  n: number;
  run: number;
  state: LineState;
  /** Absent without one, so that the unique index does not see it. */
  custom_id?: string;
  session_id: string | null;
  body: string | null;
  problem: string | null;
  job_id?: string;
  opened_at?: Date;
  /** What its job has used and may use by its next model call; only in a batch with a budget. */
  reserved?: BudgetNeed;
  /** The upload that stored it, and the last move that it was part of. */
  upload: number;
  moved: number;
}

/** What a tenant's jobs have cost so far. */
export interface ShareDoc {
  _id: string;
  used: number;
}

/** Padded, so that keys sort as lines do. */
export const lineKey = (batchId: string, n: number): string => `${batchId}/${String(n).padStart(9, '0')}`;

export const noTotals: JobTotals = totalsOf([]);

export const noCounts: LineCounts = {
  waiting: 0,
  open: 0,
  succeeded: 0,
  errored: 0,
  canceled: 0,
  expired: 0,
  invalid: 0,
};

export const absent = { $exists: false };

export function newLineDocument(batchId: string, upload: number, line: NewLine): LineDoc {
  return {
    _id: lineKey(batchId, line.n),
    batch_id: batchId,
    n: line.n,
    run: 0,
    state: line.problem === null ? 'waiting' : 'invalid',
    ...(line.customId === null ? {} : { custom_id: line.customId }),
    session_id: line.sessionId,
    body: line.body,
    problem: line.problem,
    upload,
    moved: 0,
  };
}

export function toBatch(doc: BatchDoc): Batch {
  return {
    id: doc._id,
    tenant: doc.tenant,
    surface: doc.surface,
    state: doc.state,
    agent: doc.agent,
    agents: decodeAgents(doc.agents),
    onInvalid: doc.on_invalid,
    metadata: decodeMetadata(doc.metadata),
    bytes: doc.bytes,
    lastLine: doc.last_line,
    counts: doc.counts,
    totals: doc.unpriced ? { ...doc.totals, cost: null } : doc.totals,
    budget: doc.budget,
    pauseReason: doc.pause_reason,
    createdAt: doc.created_at,
    finalizedAt: doc.finalized_at,
    expiresAt: doc.expires_at,
    cancelRequestedAt: doc.cancel_requested_at,
    endedAt: doc.ended_at,
  };
}
