import { type Refusal, refusal, withEdits } from './ask-approvals.ts';
import { FleetError, toFleetError } from './errors.ts';
import type { PendingCall } from './job-record.ts';
import type { ContentBlock, ToolResultBlock } from './message.ts';
import { claimUnsafe, decideAll, isUndecided, type PlannedCall, planCall } from './plan-calls.ts';
import type { ToolOutput } from './ports.ts';
import { type FileInfo, fileInfo, resultFile } from './result-file.ts';
import { type Running, recordStep } from './running.ts';
import type { ResultStep } from './step.ts';

/**
 * Runs the calls of a round that have no result yet, in parallel, and records each as it ends. Unsafe calls
 * are claimed before they are sent; one that was claimed by an earlier epoch is never simply sent again. Calls
 * that need an approval are sent as they were approved; those that are undecided are left.
 *
 * Returns the milliseconds until the first of the undecided ones expires, null when there are none. Throws a
 * FleetError when a call could not be brought to a result, after the others were recorded.
 */
export async function callTools(running: Running, calls: readonly PendingCall[]): Promise<number | null> {
  const plans = calls.map((call) => planCall(running, call));
  const undecidedForMs = await decideAll(running, plans);
  const decided = plans.filter((planned) => !isUndecided(planned));
  const held = await claimUnsafe(running, decided);
  const ends = await Promise.allSettled(decided.map((planned) => carryOut(running, planned, held)));
  const failed = ends.find((end): end is PromiseRejectedResult => end.status === 'rejected');
  if (failed) throw failed.reason;
  return undecidedForMs;
}

async function carryOut(running: Running, planned: PlannedCall, held: Set<number>): Promise<void> {
  const { call, unsafe, policy } = planned;
  const withheld = whyWithheld(running, planned);
  if (withheld) return recordResult(running, call, 0, errorOutput(withheld.text), withheld.outcome);
  if (unsafe && !held.has(call.slot)) {
    if (policy === 'fail') throw new FleetError('tool_outcome_unknown', unknownOutcome(call.use.name));
    return recordSent(running, planned, 0, errorOutput(unknownOutcome(call.use.name)), 'unknown');
  }
  const started = running.ports.clock.now();
  running.emit({
    type: 'tool_started',
    round: call.round,
    slot: call.slot,
    tool: call.use.name,
    input: inputOf(planned),
  });
  let output: ToolOutput;
  try {
    output = await send(running, planned);
  } catch (thrown) {
    return notAnswered(running, planned, toFleetError(thrown), running.ports.clock.now() - started);
  }
  return recordSent(
    running,
    planned,
    running.ports.clock.now() - started,
    output,
    output.isError ? 'error' : 'ok',
  );
}

/** What the model is told about a call that is not to be sent; null for one that is. */
function whyWithheld(running: Running, { call, tool, approval, unknown }: PlannedCall): Refusal | null {
  const { parallelToolCalls } = running.record.job.agent.limits;
  if (call.slot > parallelToolCalls) return { text: tooMany(parallelToolCalls), outcome: 'error' };
  if (tool === undefined) return { text: unknownTool(call.use.name), outcome: 'error' };
  const refused = refusal(approval);
  if (refused === null || !unknown) return refused;
  return {
    text: `${refused.text} That was about sending it again. ${unknownOutcome(tool.name)}`,
    outcome: 'unknown',
  };
}

/** What a call is sent with: what was approved, or what the model asked for. */
function inputOf({ call, approval }: PlannedCall): Record<string, unknown> {
  return approval?.decision?.kind === 'approved' ? approval.decision.input : call.use.input;
}

function send(running: Running, planned: PlannedCall): Promise<ToolOutput> {
  const { job } = running.record;
  const { call } = planned;
  const { round, slot, use } = call;
  return running.ports.tools.call(
    {
      name: call.use.name,
      input: inputOf(planned),
      idempotencyKey: `${running.record.recorderOf(call.round)}.${call.round}.${call.slot}`,
      timeoutMs: job.agent.limits.toolTimeoutMs,
      trace: job.trace,
    },
    running.signal,
    (progress) => running.emit({ type: 'tool_progress', round, slot, tool: use.name, ...progress }),
  );
}

/** A call without an answer: certainly not sent, or sent with its outcome unknown. */
async function notAnswered(
  running: Running,
  planned: PlannedCall,
  fault: FleetError,
  ms: number,
): Promise<void> {
  const { call, unsafe, policy } = planned;
  if (running.signal.aborted) throw fault;
  if (fault.code === 'tool_server_unavailable') {
    if (unsafe) await running.ports.store.unclaim(running.fence, [call]);
    throw fault;
  }
  if (fault.code !== 'tool_outcome_unknown') throw fault;
  if (unsafe && policy === 'fail') throw fault;
  if (unsafe && policy === 'retry')
    throw new FleetError('tool_server_unavailable', fault.message, { cause: fault });
  const timedOut = fault.details?.timeout === true;
  if (!unsafe && !timedOut) throw new FleetError('tool_server_unavailable', fault.message, { cause: fault });
  const text = unsafe ? `${fault.message} ${unknownOutcome(call.use.name)}` : fault.message;
  return recordSent(running, planned, ms, errorOutput(text), unsafe ? 'unknown' : 'error');
}

/** Records the result of a call that was sent, or may have been. */
function recordSent(
  running: Running,
  { call, approval }: PlannedCall,
  ms: number,
  output: ToolOutput,
  outcome: ResultStep['outcome'],
): Promise<void> {
  const content = withEdits(approval, output.content);
  return recordResult(running, call, ms, { ...output, content }, outcome);
}

export async function recordResult(
  running: Running,
  call: PendingCall,
  ms: number,
  output: ToolOutput,
  outcome: ResultStep['outcome'],
): Promise<void> {
  const { content, kept } = await keepWhole(running, call, output.content);
  const block: ToolResultBlock = {
    type: 'tool_result',
    tool_use_id: call.use.id,
    content,
    ...(output.isError ? { is_error: true } : {}),
  };
  const step: ResultStep = {
    kind: 'result',
    round: call.round,
    slot: call.slot,
    tool: call.use.name,
    block,
    outcome,
    ...kept,
    ms,
  };
  await recordStep(running, step);
}

/** Cuts what the model gets to see to the agent's limit, and keeps the whole beside the job as a blob. */
async function keepWhole(
  running: Running,
  call: PendingCall,
  content: ContentBlock[],
): Promise<{ content: ContentBlock[]; kept?: { blob: string; whole: FileInfo } }> {
  const whole = JSON.stringify(content);
  const { job } = running.record;
  const limit = job.agent.limits.toolResultChars;
  if (whole.length <= limit) return { content };
  const blob = await running.ports.store.saveBlob({
    // An earlier attempt at this call may have kept another result and crashed before it was recorded.
    id: `${job.id}.${call.round}.${call.slot}.${job.epoch}`,
    tenant: job.tenant,
    jobId: job.id,
    mediaType: 'application/json',
    bytes: new TextEncoder().encode(whole),
  });
  const note = `[The result has ${whole.length} characters; this is its beginning. The whole is kept as ${blob}.]`;
  const texts = content.filter((block) => block.type === 'text').map((block) => String(block.text));
  return {
    content: [{ type: 'text', text: `${texts.join('\n').slice(0, limit)}\n${note}` }],
    kept: { blob, whole: fileInfo(resultFile(content)) },
  };
}

export function errorOutput(text: string): ToolOutput {
  return { content: [{ type: 'text', text }], isError: true };
}

function tooMany(limit: number): string {
  return `Not run: more than ${limit} tool calls were asked for at once. Ask for fewer at a time.`;
}

function unknownTool(name: string): string {
  return `There is no tool named ${JSON.stringify(name)}. Use one of the offered tools.`;
}

export function unknownOutcome(name: string): string {
  return `It is unknown whether the call of ${name} took effect: it may have. Check before you repeat it.`;
}
