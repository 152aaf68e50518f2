import { askedOffline, replyOffline } from './ask-offline.ts';
import { callModel, refuseBeyondLimits } from './call-model.ts';
import { callTools } from './call-tools.ts';
import { findBatchShortfall } from './check-batch-budget.ts';
import { findShortfall } from './check-budget.ts';
import type { Take } from './context-store.ts';
import {
  drop,
  fail,
  handBack,
  lateFor,
  parkOrFail,
  succeed,
  succeedWith,
  supersede,
  waitForApproval,
  waitForBatchBudget,
  waitForBudget,
} from './end-turn.ts';
import { FleetError, toFleetError } from './errors.ts';
import type { EventListener, JobRef } from './events.ts';
import { fitContext } from './fit-context.ts';
import { interruptTurn } from './interrupt-turn.ts';
import { type Job, jobFormat } from './job.ts';
import { isFinal, JobRecord } from './job-record.ts';
import { joinedIn, joinQueries } from './join-queries.ts';
import type { Message } from './message.ts';
import type { OfflineCall } from './offline-call.ts';
import type { Outcome } from './outcome.ts';
import type { Alarm, Toolset } from './ports.ts';
import {
  type Running,
  type RunPolicy,
  type RunPorts,
  type RunRequests,
  recordStep,
  Superseded,
} from './running.ts';

export interface RunOptions {
  policy: RunPolicy;
  /** Aborts at once, in the middle of a step; the job is left to whoever takes it next. */
  signal: AbortSignal;
  /** Once aborted, the job is handed back before its next step. */
  draining: AbortSignal;
  /** What later queries ask of the turn. */
  requests: RunRequests;
  emit: EventListener;
}

/**
 * Runs one delivery of a job: takes it, goes on from its record, and ends in an outcome. Throws only when the
 * store fails; the job then stands as it was recorded and is to be delivered again.
 */
export async function runJob(jobId: string, ports: RunPorts, options: RunOptions): Promise<Outcome> {
  const durable = options.policy.durability === 'strict';
  const take = await ports.store.take(jobId, { durable });
  if (take.kind !== 'taken') return withoutTaking(take);
  const deadline = deadlineAlarm(take.leftMs, ports);
  const running = open(take, ports, options, deadline);
  try {
    if (take.expired && take.steps.length === 0) return await drop(running, 'expired', 'expired');
    refusePoison(running.record.job);
    running.asked = await readAsked(running);
    running.toolset = await freezeToolset(running);
    const context = await loadContext(running);
    return await advance(running, context, options);
  } catch (thrown) {
    return await normalise(running, thrown, options, deadline);
  } finally {
    deadline?.cancel();
  }
}

/** The reason that a delivery ends before it began. */
function withoutTaking(take: Exclude<Take, { kind: 'taken' }>): Outcome {
  switch (take.kind) {
    case 'ended':
      return { kind: 'ended', state: take.state, next: take.next };
    case 'waiting':
      return { kind: 'parked', waitMs: take.waitMs, reason: 'not yet due' };
    case 'newer_format':
      return {
        kind: 'not_understood',
        reason: `stored in format ${take.format}, this worker reads up to ${jobFormat}`,
      };
    case 'blocked':
    case 'absent':
      return { kind: 'superseded' };
  }
}

function open(
  take: Extract<Take, { kind: 'taken' }>,
  ports: RunPorts,
  options: RunOptions,
  deadline: Alarm | null,
): Running {
  const { job } = take;
  const { id: jobId, tenant, sessionId, epoch, trace } = job;
  const ref: JobRef = { jobId, tenant, sessionId, epoch, trace };
  const record = new JobRecord(job, take.turns, take.steps, take.claims);
  const { requests } = options;
  requests.join ||= take.steered;
  requests.interrupt ||= job.interrupted;
  const running: Running = {
    ports,
    policy: options.policy,
    fence: {
      jobId: job.id,
      tenant: job.tenant,
      sessionId: job.sessionId,
      epoch: job.epoch,
      owner: take.owner,
    },
    deadlineAt: take.leftMs === null ? null : ports.clock.now() + take.leftMs,
    record,
    toolset: { hash: '', tools: [] },
    asked: null,
    batchBudgeted: take.batchBudgeted,
    signal: deadline ? AbortSignal.any([options.signal, deadline.signal]) : options.signal,
    requests,
    joined: requests.join ? joinedIn({ record }) : null,
    emit: (event) => options.emit({ ...event, job: ref }),
  };
  const queuedMs = ports.clock.now() - job.createdAt.getTime();
  const { name: agent, model } = job.agent;
  running.emit({ type: 'job_taken', agent, model, recordedSteps: take.steps.length, queuedMs });
  return running;
}

/** Timers hold at most this many milliseconds; a deadline further away is looked after by the reconciler. */
const longestAlarmMs = 2 ** 31 - 1;

function deadlineAlarm(leftMs: number | null, { clock }: RunPorts): Alarm | null {
  if (leftMs === null || leftMs > longestAlarmMs) return null;
  return clock.alarm(Math.max(0, leftMs));
}

function refusePoison(job: Job): void {
  if (job.crashes < job.agent.limits.crashes) return;
  throw new FleetError(
    'poisoned',
    `Its worker vanished ${job.crashes} times at the same step. Look at the step and at the workers' logs.`,
  );
}

/** Agents that run live leave nothing to upstream batches, so that there is nothing to read. */
async function readAsked({ record, ports }: Running): Promise<OfflineCall | null> {
  return record.job.agent.execution === 'live' ? null : ports.store.offlineCall(record.job.id);
}

/**
 * The tool list is that of the job's first reply, or of the call that is to bring it; a job without one gets
 * today's, kept before its first use.
 */
async function freezeToolset({ record, ports, signal, asked }: Running): Promise<Toolset> {
  const frozen = record.firstReply?.toolset ?? asked?.toolset;
  if (frozen === undefined) {
    const toolset = await ports.tools.list(record.job.agent.tools, signal);
    await ports.store.saveToolset(toolset);
    return toolset;
  }
  const toolset = await ports.store.toolset(frozen);
  if (toolset) return toolset;
  throw new FleetError('internal', `The tool list ${frozen} that the job began with is not in the store.`);
}

/** The earlier turns that fit; a cut that became necessary is recorded before anything is built on it. */
async function loadContext({ record, ports }: Running): Promise<Message[]> {
  const { job } = record;
  const fitted = fitContext(record.turns, job.agent.contextTokens);
  if (fitted.cutAt !== null && job.sessionId !== null) {
    await ports.store.cutContext(job.sessionId, fitted.cutAt);
  }
  return [...job.context, ...fitted.messages];
}

/** The loop: one step after the other, as the record asks for, until the job has ended. */
async function advance(running: Running, context: Message[], options: RunOptions): Promise<Outcome> {
  for (;;) {
    const next = running.record.next();
    if (next.kind === 'finish') return succeed(running, next.reply);
    running.signal.throwIfAborted();
    if (running.requests.interrupt) return interruptTurn(running);
    if (options.draining.aborted) return handBack(running, 'draining');
    if (next.kind === 'call_tools') {
      const undecidedForMs = await callTools(running, next.calls);
      if (undecidedForMs !== null) return waitForApproval(running, undecidedForMs);
      continue;
    }
    const asked = askedOffline(running, next.round);
    if (asked === null) {
      if (running.requests.join) await joinQueries(running, next.round);
      refuseBeyondLimits(running, next.round);
      const shortfall = findShortfall(running, context);
      if (shortfall !== null) return waitForBudget(running, shortfall);
      const ofBatch = await findBatchShortfall(running, context);
      if (ofBatch !== null) return waitForBatchBudget(running, ofBatch);
    }
    const offline = await replyOffline(running, next.round);
    if (offline !== null && offline.kind !== 'reply') return offline;
    const reply = offline ?? (await callModel(running, context, next.round));
    if (!isFinal(reply)) {
      await recordStep(running, reply);
      continue;
    }
    const outcome = await succeedWith(running, reply);
    if (outcome !== null) return outcome;
  }
}

/** Turns whatever stopped the loop into an outcome, and writes it down. */
async function normalise(
  running: Running,
  thrown: unknown,
  options: RunOptions,
  deadline: Alarm | null,
): Promise<Outcome> {
  if (thrown instanceof Superseded) return supersede(running);
  try {
    if (running.signal.aborted) return await stopped(running, options, deadline);
    const fault = toFleetError(thrown);
    if (isOfStore(fault)) throw fault;
    if (fault.retry === 'again') return await parkOrFail(running, fault);
    return await fail(running, { code: fault.code, message: fault.message });
  } catch (late) {
    if (late instanceof Superseded) return supersede(running);
    throw late;
  }
}

/**
 * A store that fails leaves the job as it was recorded, to be delivered again. A fault that stays shows as takes
 * without a step in between, which the limit of crashes ends.
 */
function isOfStore(fault: FleetError): boolean {
  return fault.code === 'store_unavailable' || fault.code === 'store_failed';
}

/** The loop was aborted in the middle of a step. */
function stopped(running: Running, options: RunOptions, deadline: Alarm | null): Promise<Outcome> {
  if (running.requests.interrupt) return interruptTurn(running);
  if (deadline?.signal.aborted) {
    return fail(running, lateFor(running.record.job));
  }
  return handBack(running, options.draining.aborted ? 'drain time is over' : 'the delivery was aborted');
}
