import type { UnknownOutcomePolicy } from './agent.ts';
import type { Approval } from './approval.ts';
import { approvalOf, askApprovals, refusal } from './ask-approvals.ts';
import type { PendingCall } from './job-record.ts';
import type { ToolDefinition } from './ports.ts';
import { type Running, Superseded } from './running.ts';

/** A call of a round, and what has to be known before it is sent. */
export interface PlannedCall {
  call: PendingCall;
  tool: ToolDefinition | undefined;
  policy: UnknownOutcomePolicy;
  /** Has to be claimed before it is sent. */
  unsafe: boolean;
  /** An earlier epoch may have sent it. */
  unknown: boolean;
  /** Null for a call that needs none. */
  approval: Approval | null;
}

export function planCall(running: Running, call: PendingCall): PlannedCall {
  const tool = running.toolset.tools.find((offered) => offered.name === call.use.name);
  const policy = tool?.unknownOutcome ?? running.record.job.agent.unknownOutcome;
  const unsafe = tool?.safety === 'unsafe' && call.slot <= running.record.job.agent.limits.parallelToolCalls;
  const unknown = unsafe && running.record.isClaimed(call);
  return { call, tool, policy, unsafe, unknown, approval: null };
}

/**
 * Gives each call its approval, asking for those that are to be sent. Returns the milliseconds until the first
 * of the undecided ones expires.
 */
export async function decideAll(running: Running, plans: readonly PlannedCall[]): Promise<number | null> {
  const { parallelToolCalls, approvalExpiresMs } = running.record.job.agent.limits;
  const guarded = plans.filter(({ call, tool }) => tool?.approval && call.slot <= parallelToolCalls);
  const isSent = ({ unknown, policy }: PlannedCall) => !unknown || policy === 'retry';
  for (const planned of guarded.filter((planned) => !isSent(planned))) {
    planned.approval = await approvalOf(running, planned.call);
  }
  const asked = guarded.filter(isSent);
  const approvals = await askApprovals(
    running,
    asked.map(({ call, tool }) => ({ call, expiresMs: tool?.approvalExpiresMs ?? approvalExpiresMs })),
  );
  for (const planned of asked) planned.approval = approvals.get(planned.call.slot) ?? null;
  const open = [...approvals.values()].filter(({ decision }) => decision === null);
  return open.length === 0 ? null : Math.min(...open.map(({ leftMs }) => leftMs));
}

export function isUndecided({ approval, unknown, policy }: PlannedCall): boolean {
  return approval !== null && approval.decision === null && !(unknown && policy !== 'retry');
}

/** Returns the slots that this worker may send; `retry` sends again under the claim that stands. */
export async function claimUnsafe(running: Running, plans: readonly PlannedCall[]): Promise<Set<number>> {
  const toClaim = plans.filter(
    ({ unsafe, unknown, approval }) => unsafe && !unknown && refusal(approval) === null,
  );
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
