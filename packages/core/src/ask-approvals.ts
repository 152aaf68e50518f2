import { type Approval, isSameJson, type RequestedApproval } from './approval.ts';
import { FleetError } from './errors.ts';
import type { PendingCall } from './job-record.ts';
import type { ContentBlock } from './message.ts';
import { type Running, Superseded } from './running.ts';
import type { ResultStep } from './step.ts';

/** A call that needs an approval, and the milliseconds in which it can be given. */
export interface GuardedCall {
  call: PendingCall;
  expiresMs: number;
}

/**
 * Asks for the approvals that these calls need, once for each, and returns them as they stand by the call's
 * slot. An approval holds for the call that was approved: one that says something else, or is missing, is a fault.
 */
export async function askApprovals(
  running: Running,
  guarded: readonly GuardedCall[],
): Promise<Map<number, RequestedApproval>> {
  if (guarded.length === 0) return new Map();
  const requests = guarded.map(({ call, expiresMs }) => ({
    round: call.round,
    slot: call.slot,
    toolUseId: call.use.id,
    tool: call.use.name,
    input: call.use.input,
    expiresMs,
  }));
  const standing = await running.ports.store.requestApprovals(running.fence, requests);
  if (standing === 'superseded') throw new Superseded();
  const approvals = new Map(standing.map((approval) => [approval.slot, approval]));
  for (const { call } of guarded) report(running, ofCall(call, approvals.get(call.slot)));
  return approvals;
}

/** The approval of a call that may have been sent already; null when it needed none. */
export async function approvalOf(running: Running, call: PendingCall): Promise<Approval | null> {
  const { id, tenant } = running.record.job;
  if (!running.toolset.tools.some((tool) => tool.name === call.use.name && tool.approval)) return null;
  const approval = await running.ports.store.approval(tenant, id, call.use.id);
  return approval?.round === call.round && approval.slot === call.slot ? approval : null;
}

function ofCall(
  { round, slot, use }: PendingCall,
  approval: RequestedApproval | undefined,
): RequestedApproval {
  if (approval?.tool === use.name && isSameJson(approval.input, use.input)) return approval;
  throw new FleetError(
    'internal',
    `The approval at ${round}.${slot} is not for the call that the record has.`,
  );
}

function report(running: Running, approval: RequestedApproval): void {
  const { round, slot, tool, created, leftMs, decision } = approval;
  if (created) running.emit({ type: 'approval_requested', round, slot, tool, expiresMs: leftMs });
  if (decision === null) return;
  const by = decision.kind === 'expired' ? null : decision.by;
  const edited = isEdited(approval);
  running.emit({ type: 'approval_decided', round, slot, tool, decision: decision.kind, by, edited });
}

/** What the model is told instead of a result. */
export interface Refusal {
  text: string;
  outcome: ResultStep['outcome'];
}

/** Null for a call that is approved, or needs no approval. */
export function refusal(approval: Approval | null): Refusal | null {
  const decision = approval?.decision;
  switch (decision?.kind) {
    case 'denied':
      return {
        text: `Not run: ${decision.by} denied the call of ${approval?.tool}. Reason: ${decision.reason}`,
        outcome: 'denied',
      };
    case 'expired':
      return {
        text: `Not run: nobody decided about the call of ${approval?.tool} in the time for it, which ended at ${decision.at.toISOString()}. It was neither approved nor denied.`,
        outcome: 'expired',
      };
    default:
      return null;
  }
}

function isEdited({ decision, input }: Approval): boolean {
  return decision?.kind === 'approved' && !isSameJson(decision.input, input);
}

/** Puts before a result what an approver changed about its call. */
export function withEdits(approval: Approval | null, content: ContentBlock[]): ContentBlock[] {
  const decision = approval?.decision;
  if (!approval || decision?.kind !== 'approved' || !isEdited(approval)) return content;
  const text = `Before this call was run, ${decision.by} edited its arguments to ${JSON.stringify(decision.input)}.`;
  return [{ type: 'text', text }, ...content];
}
