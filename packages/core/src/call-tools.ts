import type { UnknownOutcomePolicy } from './agent.ts';
import { FleetError, toFleetError } from './errors.ts';
import type { PendingCall } from './job-record.ts';
import type { ContentBlock, ToolResultBlock } from './message.ts';
import type { ToolDefinition, ToolOutput } from './ports.ts';
import { type Running, recordStep, Superseded } from './running.ts';
import type { ResultStep } from './step.ts';

/**
 * Runs the calls of a round that have no result yet, in parallel, and records each as it ends. Unsafe calls
 * are claimed before they are sent; one that was claimed by an earlier epoch is never simply sent again.
 *
 * Throws a FleetError when a call could not be brought to a result, after the others were recorded.
 */
export async function callTools(running: Running, calls: readonly PendingCall[]): Promise<void> {
  const plans = calls.map((call) => plan(running, call));
  const held = await claimUnsafe(running, plans);
  const ends = await Promise.allSettled(plans.map((planned) => carryOut(running, planned, held)));
  const failed = ends.find((end): end is PromiseRejectedResult => end.status === 'rejected');
  if (failed) throw failed.reason;
}

interface PlannedCall {
  call: PendingCall;
  tool: ToolDefinition | undefined;
  policy: UnknownOutcomePolicy;
  /** Has to be claimed before it is sent. */
  unsafe: boolean;
  /** An earlier epoch may have sent it. */
  unknown: boolean;
}

function plan(running: Running, call: PendingCall): PlannedCall {
  const tool = running.toolset.tools.find((offered) => offered.name === call.use.name);
  const policy = tool?.unknownOutcome ?? running.record.job.agent.unknownOutcome;
  const unsafe = tool?.safety === 'unsafe' && call.slot <= running.record.job.agent.limits.parallelToolCalls;
  return { call, tool, policy, unsafe, unknown: unsafe && running.record.isClaimed(call) };
}

/** Returns the slots that this worker may send; `retry` sends again under the claim that stands. */
async function claimUnsafe(running: Running, plans: readonly PlannedCall[]): Promise<Set<number>> {
  const toClaim = plans.filter((planned) => planned.unsafe && !planned.unknown);
  const held = new Set(
    plans.filter((planned) => planned.unknown && planned.policy === 'retry').map(({ call }) => call.slot),
  );
  if (toClaim.length === 0) return held;
  const claimed = await running.ports.store.claim(
    running.fence,
    toClaim.map(({ call }) => ({ round: call.round, slot: call.slot })),
  );
  if (claimed === 'superseded') throw new Superseded();
  for (const position of claimed) held.add(position.slot);
  return held;
}

async function carryOut(running: Running, planned: PlannedCall, held: Set<number>): Promise<void> {
  const { call, tool, unsafe, policy } = planned;
  const { parallelToolCalls } = running.record.job.agent.limits;
  if (call.slot > parallelToolCalls) {
    return recordResult(running, call, 0, errorOutput(tooMany(parallelToolCalls)), 'error');
  }
  if (tool === undefined) {
    return recordResult(running, call, 0, errorOutput(unknownTool(call.use.name)), 'error');
  }
  if (unsafe && !held.has(call.slot)) {
    if (policy === 'fail') throw new FleetError('tool_outcome_unknown', unknownOutcome(call.use.name));
    return recordResult(running, call, 0, errorOutput(unknownOutcome(call.use.name)), 'unknown');
  }
  const started = running.ports.clock.now();
  running.emit({
    type: 'tool_started',
    round: call.round,
    slot: call.slot,
    tool: tool.name,
    input: call.use.input,
  });
  let output: ToolOutput;
  try {
    output = await send(running, call);
  } catch (thrown) {
    return notAnswered(running, planned, toFleetError(thrown), running.ports.clock.now() - started);
  }
  return recordResult(
    running,
    call,
    running.ports.clock.now() - started,
    output,
    output.isError ? 'error' : 'ok',
  );
}

function send(running: Running, call: PendingCall): Promise<ToolOutput> {
  const { job } = running.record;
  return running.ports.tools.call(
    {
      name: call.use.name,
      input: call.use.input,
      idempotencyKey: `${running.record.recorderOf(call.round)}.${call.round}.${call.slot}`,
      timeoutMs: job.agent.limits.toolTimeoutMs,
    },
    running.signal,
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
  return recordResult(running, call, ms, errorOutput(text), unsafe ? 'unknown' : 'error');
}

export async function recordResult(
  running: Running,
  call: PendingCall,
  ms: number,
  output: ToolOutput,
  outcome: ResultStep['outcome'],
): Promise<void> {
  const { content, blob } = await keepWhole(running, call, output.content);
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
    ...(blob === undefined ? {} : { blob }),
    ms,
  };
  await recordStep(running, step);
}

/** Cuts what the model gets to see to the agent's limit, and keeps the whole beside the job as a blob. */
async function keepWhole(
  running: Running,
  call: PendingCall,
  content: ContentBlock[],
): Promise<{ content: ContentBlock[]; blob?: string }> {
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
  return { content: [{ type: 'text', text: `${texts.join('\n').slice(0, limit)}\n${note}` }], blob };
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
