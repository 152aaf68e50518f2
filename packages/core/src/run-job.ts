import { backoffMs } from './backoff.ts';
import { callTools } from './call-tools.ts';
import { FleetError, toFleetError } from './errors.ts';
import type { EventListener, JobRef } from './events.ts';
import { fitContext } from './fit-context.ts';
import { type Job, type JobError, jobFormat, totalsOf } from './job.ts';
import { isFinal, JobRecord } from './job-record.ts';
import { type Message, textOf, toolUses } from './message.ts';
import type { Outcome } from './outcome.ts';
import type { Take, Toolset } from './ports.ts';
import { type Running, type RunPolicy, type RunPorts, recordStep, Superseded } from './running.ts';
import { type ReplyStep, turnMessages } from './step.ts';

export interface RunOptions {
  policy: RunPolicy;
  /** Aborts at once, in the middle of a step; the job is left to whoever takes it next. */
  signal: AbortSignal;
  /** Once aborted, the job is handed back before its next step. */
  draining: AbortSignal;
  emit: EventListener;
}

/**
 * Runs one delivery of a job: takes it, goes on from its record, and ends in an outcome. Throws only when the
 * store cannot be reached; the job then stands as it was recorded and is to be delivered again.
 */
export async function runJob(jobId: string, ports: RunPorts, options: RunOptions): Promise<Outcome> {
  const take = await ports.store.take(jobId);
  if (take.kind !== 'taken') return withoutTaking(take);
  const running = open(take, ports, options);
  try {
    refusePoison(running.record.job);
    running.toolset = await freezeToolset(running);
    const context = await loadContext(running);
    return await advance(running, context, options);
  } catch (thrown) {
    return await normalise(running, thrown, options);
  }
}

/** The reason that a delivery ends before it began. */
function withoutTaking(take: Exclude<Take, { kind: 'taken' }>): Outcome {
  switch (take.kind) {
    case 'ended':
      return { kind: 'ended', state: take.state, next: take.next };
    case 'waiting':
      return { kind: 'parked', until: take.until, reason: 'not yet due' };
    case 'newer_format':
      return {
        kind: 'retry',
        reason: `stored in format ${take.format}, this worker reads up to ${jobFormat}`,
      };
    case 'blocked':
    case 'absent':
      return { kind: 'superseded' };
  }
}

function open(take: Extract<Take, { kind: 'taken' }>, ports: RunPorts, options: RunOptions): Running {
  const { job } = take;
  const ref: JobRef = { jobId: job.id, tenant: job.tenant, sessionId: job.sessionId, epoch: job.epoch };
  const running: Running = {
    ports,
    policy: options.policy,
    fence: { jobId: job.id, epoch: job.epoch },
    record: new JobRecord(job, take.turns, take.steps, take.claims),
    toolset: { hash: '', tools: [] },
    signal: options.signal,
    emit: (event) => options.emit({ ...event, job: ref }),
  };
  const queuedMs = ports.clock.now() - job.createdAt.getTime();
  running.emit({ type: 'job_taken', recordedSteps: take.steps.length, queuedMs });
  return running;
}

function refusePoison(job: Job): void {
  if (job.crashes < job.agent.limits.crashes) return;
  throw new FleetError(
    'poisoned',
    `Its worker vanished ${job.crashes} times at the same step. Look at the step and at the workers' logs.`,
  );
}

/** The tool list is that of the job's first reply; a job without one gets today's, kept before its first use. */
async function freezeToolset({ record, ports, signal }: Running): Promise<Toolset> {
  const frozen = record.firstReply?.toolset;
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
  return fitted.messages;
}

/** The loop: one step after the other, as the record asks for, until the job has ended. */
async function advance(running: Running, context: Message[], options: RunOptions): Promise<Outcome> {
  for (;;) {
    const next = running.record.next();
    if (next.kind === 'finish') return succeed(running, next.reply, null);
    if (options.draining.aborted) return handBack(running, 'draining');
    if (next.kind === 'call_tools') {
      await callTools(running, next.calls);
      continue;
    }
    const reply = await callModel(running, context, next.round);
    if (!isFinal(reply)) {
      await recordStep(running, reply);
      continue;
    }
    const outcome = await succeed(running, reply, reply);
    if (outcome !== null) return outcome;
  }
}

async function callModel(running: Running, context: Message[], round: number): Promise<ReplyStep> {
  const { job, steps } = running.record;
  const { limits } = job.agent;
  if (round >= limits.rounds) {
    throw new FleetError(
      'limit_exceeded',
      `The job has had ${limits.rounds} model replies, the agent's limit.`,
    );
  }
  const started = running.ports.clock.now();
  running.emit({ type: 'model_started', round, model: job.agent.model });
  const reply = await running.ports.model.complete(
    {
      model: job.agent.model,
      system: job.agent.system,
      messages: [...context, ...turnMessages(job.query, steps)],
      tools: running.toolset.tools,
      maxTokens: job.agent.maxTokens,
      thinking: job.agent.thinking,
      timeoutMs: limits.modelTimeoutMs,
      jobId: job.id,
    },
    { signal: running.signal, onDelta: (text) => running.emit({ type: 'text_delta', round, text }) },
  );
  refuseUnusable(reply);
  return {
    kind: 'reply',
    round,
    slot: 0,
    content: reply.content,
    stopReason: reply.stopReason,
    model: reply.model,
    ...(reply.requestId === undefined ? {} : { requestId: reply.requestId }),
    usage: reply.usage,
    toolset: running.toolset.hash,
    ms: running.ports.clock.now() - started,
  };
}

/** Replies that no legal conversation can be built on are never recorded. */
function refuseUnusable(reply: Pick<ReplyStep, 'content' | 'stopReason'>): void {
  const uses = toolUses(reply.content);
  if (reply.stopReason === 'refusal') {
    throw new FleetError('model_refusal', 'The model refused to answer the query.');
  }
  if (reply.stopReason === 'model_context_window_exceeded') {
    throw new FleetError(
      'context_window_exceeded',
      "The conversation is longer than the model's context window.",
    );
  }
  if (reply.stopReason === 'max_tokens' && uses.length > 0) {
    throw new FleetError(
      'model_output_truncated',
      "The reply was cut at the agent's maxTokens within a tool call. Raise maxTokens.",
    );
  }
  if (reply.content.length === 0 && reply.stopReason !== 'pause_turn') {
    throw new FleetError(
      'model_empty_reply',
      `The model ended its turn (${reply.stopReason}) without any content.`,
    );
  }
  if (new Set(uses.map((use) => use.id)).size !== uses.length) {
    throw new FleetError('model_bad_reply', 'The reply has two tool calls with one id.');
  }
}

/** Settles the job with its final reply; null when another final reply stands there, which was adopted. */
function succeed(running: Running, reply: ReplyStep, step: null): Promise<Outcome>;
function succeed(running: Running, reply: ReplyStep, step: ReplyStep): Promise<Outcome | null>;
async function succeed(running: Running, reply: ReplyStep, step: ReplyStep | null): Promise<Outcome | null> {
  const totals = totalsOf(step ? [...running.record.steps, step] : running.record.steps);
  const settled = await running.ports.store.settle(running.fence, {
    state: 'succeeded',
    step,
    answer: textOf(reply.content),
    stopReason: reply.stopReason,
    error: null,
    totals,
  });
  if (settled.kind === 'superseded') throw new Superseded();
  if (settled.kind === 'taken') {
    running.record.add(settled.step);
    running.emit({ type: 'step_recorded', step: settled.step, adopted: true });
    return null;
  }
  if (step) running.emit({ type: 'step_recorded', step, adopted: false });
  running.emit({ type: 'job_ended', state: 'succeeded', error: null, totals, durationMs: age(running) });
  return { kind: 'completed', next: settled.next };
}

/** Turns whatever stopped the loop into an outcome, and writes it down. */
async function normalise(running: Running, thrown: unknown, options: RunOptions): Promise<Outcome> {
  if (thrown instanceof Superseded) return supersede(running);
  if (running.signal.aborted) {
    return options.draining.aborted ? handBack(running, 'drain time is over') : supersede(running);
  }
  const fault = toFleetError(thrown);
  if (fault.code === 'store_unavailable') throw fault;
  if (fault.retry === 'never') return fail(running, { code: fault.code, message: fault.message });

  const { job } = running.record;
  const failures = running.record.grew ? 0 : job.transientFailures;
  const charged = fault.code !== 'model_rate_limited';
  if (charged && failures >= job.agent.limits.transientRetries) {
    const message = `Gave up after ${failures + 1} failures in a row. The last one: ${fault.message}`;
    return fail(running, { code: 'retries_exhausted', message });
  }
  const wait = backoffMs(failures, running.ports.clock.random(), fault.retryAfterMs);
  const until = new Date(running.ports.clock.now() + wait);
  return park(running, until, fault, charged ? failures + 1 : failures);
}

async function fail(running: Running, error: JobError): Promise<Outcome> {
  const totals = totalsOf(running.record.steps);
  const ending = { state: 'failed', step: null, answer: null, stopReason: null, error, totals } as const;
  const settled = await running.ports.store.settle(running.fence, ending);
  if (settled.kind !== 'settled') return supersede(running);
  running.emit({ type: 'job_ended', state: 'failed', error, totals, durationMs: age(running) });
  return { kind: 'failed', error, next: settled.next };
}

async function park(running: Running, until: Date, fault: FleetError, failures: number): Promise<Outcome> {
  const reason = `${fault.code}: ${fault.message}`;
  const parked = await running.ports.store.park(running.fence, { until, reason, failures });
  if (parked === 'superseded') return supersede(running);
  running.emit({ type: 'job_parked', until, reason });
  return { kind: 'parked', until, reason };
}

async function handBack(running: Running, reason: string): Promise<Outcome> {
  const released = await running.ports.store.release(running.fence);
  if (released === 'superseded') return supersede(running);
  running.emit({ type: 'job_handed_back', reason });
  return { kind: 'retry', reason };
}

function supersede(running: Running): Outcome {
  running.emit({ type: 'job_superseded' });
  return { kind: 'superseded' };
}

function age(running: Running): number {
  return running.ports.clock.now() - running.record.job.createdAt.getTime();
}
