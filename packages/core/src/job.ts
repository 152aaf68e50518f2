import type { AgentSpec } from './agent.ts';
import { type Budget, type BudgetNeed, noBudget } from './budget.ts';
import type { ErrorCode } from './errors.ts';
import type { JobWebhook } from './job-webhook.ts';
import type { ContentBlock, Message } from './message.ts';
import type { Nanos } from './money.ts';
import type { BusyPolicy } from './session.ts';
import type { Position, Step } from './step.ts';

/** `queued → running → succeeded | failed | canceled | expired`; `waiting` is parked and holds no worker. */
export const jobStates = [
  'queued',
  'running',
  'waiting',
  'succeeded',
  'failed',
  'canceled',
  'expired',
] as const;
export type JobState = (typeof jobStates)[number];

export const terminalStates = ['succeeded', 'failed', 'canceled', 'expired'] as const;
export type TerminalState = (typeof terminalStates)[number];

export function isTerminal(state: JobState): state is TerminalState {
  return (terminalStates as readonly JobState[]).includes(state);
}

/** Version of the stored form of a job and its steps. A worker hands back a job of a newer form. */
export const jobFormat = 5;

/** Why a job failed. Codes are stable (errors.ts); the message is for people. */
export interface JobError {
  code: ErrorCode;
  message: string;
}

/** Sums over a job's steps. */
export interface JobTotals {
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  modelCalls: number;
  toolCalls: number;
  /** Milliseconds that its steps took. */
  stepMs: number;
  /**
   * Nano-dollars; null when the price of a reply was unknown. Replies that a replay began with were paid for by
   * the job that got them.
   */
  cost: Nanos | null;
}

/** Transient failures in a row, each kind with a budget of its own. Worker crashes are counted apart. */
export interface Failures {
  model: number;
  tools: number;
}

/** One query to be answered; in a session it is one turn. */
export interface Job {
  id: string;
  tenant: string;
  sessionId: string | null;
  /** Place in the session's order; null while it is not known, and for a job without a session. */
  turn: number | null;
  state: JobState;
  agent: AgentSpec;
  /** What its producer sent along to stand before the query; nothing in a session, whose turns are the context. */
  context: Message[];
  query: ContentBlock[];
  metadata: Record<string, string>;
  format: number;
  /** Raised by every take; the fence for all writes of a worker. */
  epoch: number;
  /** Times that a worker vanished while it held the job at the step where it now stands. */
  crashes: number;
  /** Failures in a row since the last recorded step. */
  failures: Failures;
  waitUntil: Date | null;
  waitReason: string | null;
  /** Not to be started before; null for at once. */
  notBefore: Date | null;
  /** The job expires when no step of it was recorded by then. */
  expiresAt: Date | null;
  /** The job fails with `deadline_exceeded` when it has not ended by then. */
  deadline: Date | null;
  budget: Budget;
  /** What the budget fell short of; null unless the job waits for that. */
  budgetNeed: BudgetNeed | null;
  /** The running turn that this query joined and ends with (busy policy `steer`). */
  joined: string | null;
  /** A later query asked this turn to stop with what it has (busy policy `interrupt`). */
  interrupted: boolean;
  /** The ended job that this one repeats. */
  replayOf: string | null;
  /** The batch of which it is a line. */
  batchId: string | null;
  /** A URL that is told of this job alone. */
  webhook: JobWebhook | null;
  /** The W3C `traceparent` that it came with. */
  trace: string | null;
  answer: string | null;
  stopReason: string | null;
  error: JobError | null;
  totals: JobTotals | null;
  createdAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
}

/** What a producer submits, once the edge has resolved the agent and given it an id. */
export interface NewJob {
  id: string;
  tenant: string;
  sessionId: string | null;
  agent: AgentSpec;
  /** See `Job.context`. */
  context: Message[];
  query: ContentBlock[];
  metadata: Record<string, string>;
  /** The batch of which it is a line. */
  batchId: string | null;
  /** Unique per tenant; the same key with the same `requestHash` returns the job that stands. */
  idempotencyKey: string | null;
  requestHash: string | null;
  /** For a busy session: `reject` refuses the job, `steer` marks it as one that may join the running turn. */
  onBusy: BusyPolicy;
  notBefore: Date | null;
  expiresAt: Date | null;
  deadline: Date | null;
  /** Needs the tenant's `jobSecrets` to be there. */
  webhook: JobWebhook | null;
  /** The W3C `traceparent` that what it does belongs to. */
  trace: string | null;
  budget: Budget;
  /** What a replay begins with: the record of the job that it repeats, and the calls whose outcome is unknown. */
  replay: { of: string; steps: Step[]; claims: Position[] } | null;
}

/** What a job is without any of its options. */
export const plainJob = {
  context: [] as Message[],
  metadata: {},
  batchId: null,
  idempotencyKey: null,
  requestHash: null,
  onBusy: 'enqueue',
  notBefore: null,
  expiresAt: null,
  deadline: null,
  webhook: null,
  trace: null,
  budget: noBudget,
  replay: null,
} as const satisfies Partial<NewJob>;

/** A job as it stands when it has just been accepted; `over` is what the store decided. */
export function acceptedJob(
  job: NewJob,
  over: Pick<Job, 'turn' | 'state' | 'waitUntil' | 'waitReason' | 'createdAt'>,
): Job {
  return {
    id: job.id,
    tenant: job.tenant,
    sessionId: job.sessionId,
    agent: job.agent,
    context: job.context,
    query: job.query,
    metadata: job.metadata,
    format: jobFormat,
    epoch: 0,
    crashes: 0,
    failures: { model: 0, tools: 0 },
    notBefore: job.notBefore,
    expiresAt: job.expiresAt,
    deadline: job.deadline,
    budget: job.budget,
    budgetNeed: null,
    joined: null,
    interrupted: false,
    replayOf: job.replay?.of ?? null,
    batchId: job.batchId,
    webhook: job.webhook,
    trace: job.trace,
    answer: null,
    stopReason: null,
    error: null,
    totals: null,
    startedAt: null,
    endedAt: null,
    ...over,
  };
}

/** One earlier turn of a session: a succeeded job with its steps. */
export interface Turn {
  jobId: string;
  turn: number;
  query: ContentBlock[];
  steps: Step[];
}

/** Adds up the usage of a job's record. */
export function totalsOf(steps: readonly Step[]): JobTotals {
  const totals: JobTotals = {
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    modelCalls: 0,
    toolCalls: 0,
    stepMs: 0,
    cost: 0,
  };
  for (const step of steps) {
    if (step.kind === 'steer') continue;
    totals.stepMs += step.ms;
    if (step.kind === 'result') {
      totals.toolCalls += 1;
      continue;
    }
    totals.modelCalls += 1;
    totals.inputTokens += step.usage.inputTokens;
    totals.outputTokens += step.usage.outputTokens;
    totals.cacheReadTokens += step.usage.cacheReadTokens;
    totals.cacheWriteTokens += step.usage.cacheWriteTokens;
    if (step.recordedBy !== undefined) continue;
    totals.cost = totals.cost === null || step.cost === undefined ? null : totals.cost + step.cost;
  }
  return totals;
}

/** What a job cost its tenant's share: a unit is a thousand tokens, or a second of its steps. */
export function workOf({ inputTokens, outputTokens, cacheWriteTokens, stepMs }: JobTotals): number {
  return (inputTokens + outputTokens + cacheWriteTokens + stepMs) / 1000;
}

/** What became of a job and when, without its contents. */
export type JobSummary = Pick<Job, 'id' | 'state' | 'totals' | 'createdAt' | 'startedAt' | 'endedAt'> & {
  errorCode: ErrorCode | null;
};
