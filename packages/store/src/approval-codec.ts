import type { Approval, Decision } from '@mcp-fleet/core';
import { z } from 'zod';
import { encode } from './record-codec.ts';

/** An approval as both databases have it; `tool_use_id`, `input` and `decision` are JSON as text. */
export interface StoredApproval {
  job_id: string;
  round: number;
  slot: number;
  tenant: string;
  tool_use_id: string;
  tool: string;
  input: string;
  requested_at: Date;
  expires_at: Date;
  decision: string | null;
  decided_at: Date | null;
}

/** The body of a decision that nobody made. */
export const expiry = encode({ kind: 'expired' });

const input = z.record(z.string(), z.unknown());
const toolUseId = z.string();
const decision = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('approved'), input, by: z.string() }),
  z.object({ kind: z.literal('denied'), reason: z.string(), by: z.string() }),
  z.object({ kind: z.literal('expired') }),
]);

export function toApproval(stored: StoredApproval): Approval {
  return {
    jobId: stored.job_id,
    tenant: stored.tenant,
    round: stored.round,
    slot: stored.slot,
    toolUseId: toolUseId.parse(JSON.parse(stored.tool_use_id)),
    tool: stored.tool,
    input: input.parse(JSON.parse(stored.input)),
    requestedAt: stored.requested_at,
    expiresAt: stored.expires_at,
    decision: decisionOf(stored),
  };
}

function decisionOf({ decision: body, decided_at }: StoredApproval): Decision | null {
  if (body === null || decided_at === null) return null;
  return { ...decision.parse(JSON.parse(body)), at: decided_at };
}
