import type { Approval } from '@mcp-fleet/client';
import { useState } from 'preact/hooks';
import { fleet } from '../fleet.ts';
import { time } from '../format.ts';
import { href } from '../route.ts';
import { ActionButton } from './action-button.tsx';
import { JsonView } from './json-view.tsx';
import { StateBadge } from './state-badge.tsx';

/** A call that waits for a decision, which is made here; or how it was decided. */
export function ApprovalCard({ approval, decided }: { approval: Approval; decided: () => void }) {
  const { job_id, tool_use_id, tool, input, state } = approval;
  const [text, setText] = useState(JSON.stringify(input, null, 2));
  const [reason, setReason] = useState('');
  const approve = async () => {
    const changed = parseInput(text);
    const same = JSON.stringify(changed) === JSON.stringify(input);
    await fleet().approvals.decide(job_id, tool_use_id, {
      decision: 'approve',
      ...(same ? {} : { input: changed }),
    });
    decided();
  };
  const deny = async () => {
    await fleet().approvals.decide(job_id, tool_use_id, { decision: 'deny', ...(reason ? { reason } : {}) });
    decided();
  };
  return (
    <article class="card" aria-label={`Call of ${tool}`}>
      <div class="entry-head">
        <h2>
          <code>{tool}</code>
        </h2>
        <StateBadge state={state} />
      </div>
      <p class="quiet">
        Asked for by <a href={href('job', job_id)}>its job</a> at {time(approval.requested_at)}
        {state === 'pending' ? `; expires at ${time(approval.expires_at)}` : ''}
      </p>
      {state === 'pending' ? (
        <>
          <label>
            Arguments, as they will be sent
            <textarea
              rows={4}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
              spellcheck={false}
            />
          </label>
          <label>
            Reason for the model, if you deny it
            <input value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
          </label>
          <div class="actions">
            <ActionButton primary work={approve}>
              Approve
            </ActionButton>
            <ActionButton work={deny}>Deny</ActionButton>
          </div>
        </>
      ) : (
        <>
          <JsonView summary="Arguments" value={approval.approved_input ?? input} />
          {approval.decided_at ? (
            <p class="quiet">
              By {approval.decided_by ?? 'the fleet'} at {time(approval.decided_at)}
              {approval.reason ? `: ${approval.reason}` : ''}
            </p>
          ) : null}
        </>
      )}
    </article>
  );
}

function parseInput(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Said below, as for JSON that is no object.
  }
  throw new Error('The arguments are not a JSON object. Expected something like {"amount": 5}.');
}
