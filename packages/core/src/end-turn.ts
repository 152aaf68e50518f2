import { approvalWait } from './approval.ts';
import { backoffMs } from './backoff.ts';
import { type Budget, type BudgetNeed, budgetWait } from './budget.ts';
import type { BatchShortfall } from './check-batch-budget.ts';
import type { Ending, Wait } from './context-store.ts';
import type { FleetError } from './errors.ts';
import { type Failures, type Job, type JobError, type TerminalState, totalsOf } from './job.ts';
import { textOf } from './message.ts';
import { upstreamWait } from './offline-call.ts';
import type { Outcome } from './outcome.ts';
import { persist } from './persist.ts';
import { type Running, reportStep, Superseded } from './running.ts';
import type { ReplyStep } from './step.ts';

/** Settles the job with the final reply that stands in its record. */
export async function succeed(running: Running, reply: ReplyStep): Promise<Outcome> {
  const { stopReason, content } = reply;
  return settle(running, { state: 'succeeded', answer: textOf(content), stopReason, error: null });
}

/**
 * Records the final reply and settles the job with it, in one act. Null when another reply stands at its
 * position, which was adopted instead.
 */
export async function succeedWith(running: Running, reply: ReplyStep): Promise<Outcome | null> {
  const ending = ended(running, {
    state: 'succeeded',
    answer: textOf(reply.content),
    stopReason: reply.stopReason,
    error: null,
  });
  const totals = totalsOf([...running.record.steps, reply]);
  const { store } = running.ports;
  const whole = { ...ending, step: reply, totals };
  const { written: settled, fault } = await persist(running, () => store.settle(running.fence, whole));
  // It may be this very end that was written while its answer was lost: the next delivery finds out.
  if (settled.kind === 'superseded') throw fault ?? new Superseded();
  if (settled.kind === 'taken') {
    running.record.add(settled.step);
    reportStep(running, settled.step, true);
    return null;
  }
  reportStep(running, reply, false);
  report(running, { ...ending, totals });
  return { kind: 'completed', next: settled.next };
}

/** Fails the job; it is no part of the context. */
export function fail(running: Running, error: JobError): Promise<Outcome> {
  return settle(running, { state: 'failed', answer: null, stopReason: null, error });
}

/** Ends a job that has no step and is not to get any. */
export function drop(running: Running, state: TerminalState, stopReason: string): Promise<Outcome> {
  return settle(running, { state, answer: null, stopReason, error: null });
}

type End = Pick<Ending, 'state' | 'answer' | 'stopReason' | 'error'>;

/** Ends the turn with what its record holds. */
export async function settle(running: Running, end: End): Promise<Outcome> {
  const ending = ended(running, end);
  const settled = await running.ports.store.settle(running.fence, ending);
  if (settled.kind !== 'settled') return supersede(running);
  report(running, ending);
  const { next } = settled;
  if (ending.error) return { kind: 'failed', error: ending.error, next };
  return ending.state === 'succeeded'
    ? { kind: 'completed', next }
    : { kind: 'dropped', state: ending.state, next };
}

function ended(running: Running, end: End): Ending {
  return { ...end, step: null, totals: totalsOf(running.record.steps), joined: running.joined };
}

function report(running: Running, { state, error, totals }: Ending): void {
  const durationMs = running.ports.clock.now() - running.record.job.createdAt.getTime();
  running.emit({ type: 'job_ended', state, error, totals, durationMs });
}

/**
 * What a transient fault leads to: the job is parked with a backoff, or fails when the budget of the fault's
 * kind is used up or its deadline comes before the next try. A rate limit costs nothing of the budget.
 */
export async function parkOrFail(running: Running, fault: FleetError): Promise<Outcome> {
  const { job } = running.record;
  const { limits } = job.agent;
  const before = failuresSoFar(running);
  const kind = fault.code === 'tool_server_unavailable' ? 'tools' : 'model';
  const budget = kind === 'tools' ? limits.toolRetries : limits.modelRetries;
  const charged = fault.code !== 'model_rate_limited';
  if (charged && before[kind] >= budget) {
    const message = `Gave up after ${before[kind] + 1} failures in a row. The last one: ${fault.message}`;
    return fail(running, { code: 'retries_exhausted', message });
  }
  const { clock } = running.ports;
  const waitMs = backoffMs(before[kind], clock.random(), fault.retryAfterMs);
  if (running.deadlineAt !== null && clock.now() + waitMs >= running.deadlineAt) {
    const message = `The deadline ${job.deadline?.toISOString()} comes before the next try. The last failure: ${fault.message}`;
    return fail(running, { code: 'deadline_exceeded', message });
  }
  const failures = { ...before, [kind]: before[kind] + (charged ? 1 : 0) };
  return park(running, { waitMs, reason: `${fault.code}: ${fault.message}`, failures });
}

/**
 * Parks a job that can only go on once a call is approved, until the first of its approvals expires or its
 * deadline comes. Nothing is charged.
 */
export function waitForApproval(running: Running, expiresMs: number): Promise<Outcome> {
  return waitFor(running, approvalWait, expiresMs);
}

/** A job that waits for an upstream batch looks at least so often whether its answer is there. */
const longestUpstreamWaitMs = 6 * 3_600_000;

/** Parks a job until its upstream batch has ended, for so long at most. Nothing is charged. */
export function waitForBatch(running: Running, mostMs: number): Promise<Outcome> {
  return waitFor(running, upstreamWait, Math.min(mostMs, longestUpstreamWaitMs));
}

async function waitFor(
  running: Running,
  reason: string,
  mostMs: number,
  budget?: Wait['budget'],
): Promise<Outcome> {
  const leftMs = running.deadlineAt === null ? mostMs : running.deadlineAt - running.ports.clock.now();
  if (leftMs <= 0) return fail(running, lateFor(running.record.job));
  const waitMs = Math.max(0, Math.ceil(Math.min(mostMs, leftMs)));
  return park(running, { waitMs, reason, failures: failuresSoFar(running), ...(budget ? { budget } : {}) });
}

/**
 * Parks a job whose next model call may use more than its budget has left, until the budget is raised. It waits
 * in no queue; its deadline still ends it.
 */
export function waitForBudget(running: Running, need: BudgetNeed): Promise<Outcome> {
  const budget = { known: running.record.job.budget, need };
  return park(running, { waitMs: null, reason: budgetWait, failures: failuresSoFar(running), budget });
}

/**
 * Milliseconds until a line that may fit beside fewer others tries again: so long and up to twice that, and the longer
 * the more there are, so that all of them together try no more often than so many would.
 */
const crowdedMs = 1_000;
const crowd = 16;

/** A line of a batch that waits for its budget is woken when that is raised; it looks by itself at least so often. */
const spentMs = 600_000;

/**
 * Parks a line whose next model call does not fit into what its batch's budget has left. It waits for calls under way
 * to turn out cheaper, or, if that cannot help, with the batch, which is paused.
 */
export async function waitForBatchBudget(
  running: Running,
  { need, budget, reason, others }: BatchShortfall,
): Promise<Outcome> {
  const { id, tenant, batchId, budget: known } = running.record.job;
  const { store, clock } = running.ports;
  if (reason === null || batchId === null) {
    const crowdMs = crowdedMs * (1 + clock.random()) * Math.max(1, others / crowd);
    return waitFor(running, budgetWait, crowdMs, { known, need });
  }
  const outcome = await waitFor(running, budgetWait, spentMs, { known, need });
  if (outcome.kind !== 'parked') return outcome;
  const batch = await store.changeBatch(tenant, batchId, { to: 'pause', reason, budget });
  if (batch === null || isSameBudget(batch.budget, budget)) return outcome;
  // Raised meanwhile: whoever did that has woken the lines that waited by then.
  await store.raiseBudget(tenant, id, {});
  return { ...outcome, waitMs: 0 };
}

const isSameBudget = (a: Budget, b: Budget) => a.cost === b.cost && a.tokens === b.tokens;

/** Failures in a row; those before a recorded step no longer count. */
function failuresSoFar({ record }: Running): Failures {
  return record.grew ? { model: 0, tools: 0 } : record.job.failures;
}

/** The error of a job whose deadline has come. */
export function lateFor(job: Job): JobError {
  const message = `The job had not ended by its deadline, ${job.deadline?.toISOString()}.`;
  return { code: 'deadline_exceeded', message };
}

async function park(running: Running, wait: Wait): Promise<Outcome> {
  const { waitMs, reason } = wait;
  const parked = await running.ports.store.park(running.fence, wait);
  if (parked === 'superseded') return supersede(running);
  const leftMs = parked === 'due' ? 0 : waitMs;
  running.emit({ type: 'job_parked', waitMs: leftMs, reason });
  return { kind: 'parked', waitMs: leftMs, reason };
}

/** Hands the job back as it stands, to be taken by any worker; nothing is charged. */
export async function handBack(running: Running, reason: string): Promise<Outcome> {
  const released = await running.ports.store.release(running.fence);
  if (released === 'superseded') return supersede(running);
  running.emit({ type: 'job_handed_back', reason });
  return { kind: 'retry', reason };
}

/** Stops without changing anything: a newer epoch exists, or the job has ended. */
export function supersede(running: Running): Outcome {
  running.emit({ type: 'job_superseded' });
  return { kind: 'superseded' };
}
