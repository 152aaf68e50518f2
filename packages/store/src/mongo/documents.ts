import type {
  AuditEntry,
  BusyPolicy,
  ErrorCode,
  Failures,
  Job,
  JobState,
  Scope,
  Session,
  TerminalState,
} from '@mcp-fleet/core';
import type { StoredApproval } from '../approval-codec.ts';
import { needOf } from '../budget-codec.ts';
import {
  decodeAgent,
  decodeContext,
  decodeError,
  decodeJobWebhook,
  decodeMetadata,
  decodeQuery,
  decodeTotals,
} from '../record-codec.ts';

/** A session. `admitted` grows with every job that waits its turn, so that passing on notices newcomers. */
export interface SessionDoc {
  _id: string;
  tenant: string;
  agent: string;
  /** Absent from schema version 1: `enqueue`. */
  on_busy?: BusyPolicy;
  metadata: string;
  /** Absent: the session is kept until somebody deletes it. */
  ttl_seconds?: number;
  /** With `ttl_seconds`: when to look whether they are over, never later than they are (expired-sessions.ts). */
  look_at?: Date;
  active: string | null;
  /** Sequence numbers given out; they order the jobs that wait. */
  accepted: number;
  admitted: number;
  /** Jobs that have become active so far; the active one has this turn. */
  turn: number;
  context_from: number;
  /** Set while the session is being deleted. */
  deleting?: true;
  created_at: Date;
  updated_at: Date;
}

/**
 * A job with its query. What is optional is left out while it does not apply, so that partial indexes do not
 * see it, and is missing from documents of schema version 1.
 */
export interface JobDoc {
  _id: string;
  tenant: string;
  session_id: string | null;
  /** Order of acceptance within the session. */
  seq: number | null;
  turn: number | null;
  state: JobState;
  agent: string;
  /** Absent for none. */
  context?: string;
  query: string;
  metadata: string;
  format: number;
  epoch: number;
  crashes: number;
  crash_steps: number;
  failures?: Failures;
  /** What schema version 1 had for `failures`. */
  transient_failures?: number;
  wait_until: Date | null;
  wait_reason: string | null;
  not_before?: Date;
  expires_at?: Date;
  deadline?: Date;
  budget_cost?: number | null;
  budget_tokens?: number | null;
  /** JSON as text; what the budget fell short of when the job last waited for it. */
  budget_need?: string | null;
  /** Set for the busy policy `steer`. */
  steers?: true;
  /** The running turn that this job is set to join while it is waiting, and ended with once it has ended. */
  joined?: string;
  interrupted?: true;
  replay_of?: string;
  batch_id?: string;
  webhook?: string;
  trace?: string;
  /** What the job waits for (approvals, an upstream batch) came since it last asked. */
  decided?: true;
  /** Set until it is known whether a job of the busy policy `reject` is accepted (accept-if-idle.ts). */
  undecided?: true;
  answer: string | null;
  stop_reason: string | null;
  error: string | null;
  /** The code inside `error`, to search by. */
  error_code?: ErrorCode | null;
  totals: string | null;
  /** Absent without a key, so that the unique index does not see it. */
  idempotency_key?: string;
  request_hash: string | null;
  created_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
  /** Set once the webhooks of its tenant have their deliveries of its end. */
  announced?: true;
  updated_at: Date;
}

/** A step, at `<job>/<round>/<slot>`: the unique _id is what makes a position be written once. */
export interface StepDoc {
  _id: string;
  job_id: string;
  body: string;
}

export interface AuditDoc extends Omit<AuditEntry, 'details'> {
  /** `<tenant>/<n>`: a number is given once. */
  _id: string;
  details: string;
}

export interface DataKeyDoc {
  _id: string;
  tenant: string;
  wrapped_by: string;
  /** Null once it was erased. */
  wrapped: string | null;
  created_at: Date;
}

export interface ClaimDoc {
  _id: string;
  job_id: string;
  round: number;
  slot: number;
  epoch: number;
  owner: string;
}

/** An approval, at the key of its call's position. */
export interface ApprovalDoc extends StoredApproval {
  _id: string;
  /** Set once the webhooks of its tenant have their deliveries of it. */
  announced?: true;
}

export interface ToolsetDoc {
  _id: string;
  body: string;
}

export interface MetaDoc {
  _id: string;
  version: number;
}

/** States of a job that has not ended, for a filter. */
export interface KeyDoc {
  _id: string;
  tenant: string;
  name: string;
  scopes: Scope[];
  hash: string;
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

export interface AgentDoc {
  _id: string;
  tenant: string;
  name: string;
  version: number;
  spec: string;
  created_at: Date;
}

export interface TenantDoc {
  _id: string;
  requests_per_minute: number | null;
  queued_jobs: number | null;
  running_jobs: number | null;
  /** Its part in the work in proportion to others; absent: 1. */
  weight?: number;
  /** Absent from older schema versions. */
  daily_cost?: number | null;
}

/** A part of what jobs of a tenant that ended on a day have cost, at `<tenant>/<day>/<part>`. */
export interface DayCostDoc {
  _id: string;
  cost: number;
}

export const unended: { $in: JobState[] } = { $in: ['queued', 'running', 'waiting'] };

/** What a job is written when it ends; `error` and `totals` are encoded. */
export interface EndChange {
  state: TerminalState;
  answer: string | null;
  stop_reason: string | null;
  error: string | null;
  error_code: ErrorCode | null;
}

/**
 * The key of a position. Padded, so that keys sort as positions do: slot -1 becomes `0000-1`, and the sign
 * sorts before every digit.
 */
export function positionKey(jobId: string, at: { round: number; slot: number }): string {
  return `${jobId}/${String(at.round).padStart(6, '0')}/${String(at.slot).padStart(6, '0')}`;
}

export function toJob(doc: JobDoc): Job {
  return {
    id: doc._id,
    tenant: doc.tenant,
    sessionId: doc.session_id,
    turn: doc.turn,
    state: doc.state,
    agent: decodeAgent(doc.agent),
    context: decodeContext(doc.context),
    query: decodeQuery(doc.query),
    metadata: decodeMetadata(doc.metadata),
    format: doc.format,
    epoch: doc.epoch,
    crashes: doc.crashes,
    failures: doc.failures ?? { model: doc.transient_failures ?? 0, tools: 0 },
    waitUntil: doc.wait_until,
    waitReason: doc.wait_reason,
    notBefore: doc.not_before ?? null,
    expiresAt: doc.expires_at ?? null,
    deadline: doc.deadline ?? null,
    budget: { cost: doc.budget_cost ?? null, tokens: doc.budget_tokens ?? null },
    budgetNeed: needOf(doc.wait_reason, doc.budget_need),
    joined: doc.joined ?? null,
    interrupted: doc.interrupted ?? false,
    replayOf: doc.replay_of ?? null,
    batchId: doc.batch_id ?? null,
    webhook: doc.webhook === undefined ? null : decodeJobWebhook(doc.webhook),
    trace: doc.trace ?? null,
    answer: doc.answer,
    stopReason: doc.stop_reason,
    error: doc.error === null ? null : decodeError(doc.error),
    totals: doc.totals === null ? null : decodeTotals(doc.totals),
    createdAt: doc.created_at,
    startedAt: doc.started_at,
    endedAt: doc.ended_at,
  };
}

export function toSession(doc: SessionDoc): Session {
  return {
    id: doc._id,
    tenant: doc.tenant,
    agent: doc.agent,
    onBusy: doc.on_busy ?? 'enqueue',
    metadata: decodeMetadata(doc.metadata),
    ttlSeconds: doc.ttl_seconds ?? null,
    activeJob: doc.active,
    contextFrom: doc.context_from,
    createdAt: doc.created_at,
    updatedAt: doc.updated_at,
  };
}
