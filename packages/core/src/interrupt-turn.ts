import { approvalOf, withEdits } from './ask-approvals.ts';
import { errorOutput, recordResult, unknownOutcome } from './call-tools.ts';
import { drop, settle } from './end-turn.ts';
import { textOf } from './message.ts';
import type { Outcome } from './outcome.ts';
import type { Running } from './running.ts';
import { comparePositions } from './step.ts';

/**
 * Ends a turn that a later query interrupted. Every call without a result gets one that says so, which makes
 * what was recorded a legal part of the context; a turn without a step is canceled.
 */
export async function interruptTurn(running: Running): Promise<Outcome> {
  const { record, ports } = running;
  if (record.lastReply === undefined) return drop(running, 'canceled', 'interrupted');
  const open = record.openCalls;
  const claims = open.length === 0 ? [] : await ports.store.claims(record.job.id);
  for (const call of open) {
    const sent = claims.some((claim) => comparePositions(claim, call) === 0);
    const text = sent
      ? `Interrupted by a newer query. ${unknownOutcome(call.use.name)}`
      : 'Interrupted by a newer query before there was a result.';
    const output = errorOutput(text);
    const content = withEdits(sent ? await approvalOf(running, call) : null, output.content);
    await recordResult(running, call, 0, { ...output, content }, sent ? 'unknown' : 'error');
  }
  const said = record.steps.flatMap((step) => (step.kind === 'reply' ? textOf(step.content) : []));
  const answer = said.filter((text) => text !== '').join('\n\n');
  return settle(running, { state: 'succeeded', answer, stopReason: 'interrupted', error: null });
}
