import type { Batch, BatchState, LineCounts, OnInvalid } from '@mcp-fleet/core';
import { decodeAgents, decodeMetadata } from '../../record-codec.ts';

export interface BatchRow extends LineCounts {
  id: string;
  tenant: string;
  surface: Batch['surface'];
  state: BatchState;
  agent: string;
  agents: string;
  on_invalid: OnInvalid;
  metadata: string;
  /** Numbers that a bigint may be too large for come as text. */
  bytes: string;
  last_line: number;
  input_tokens: string;
  output_tokens: string;
  cache_read_tokens: string;
  cache_write_tokens: string;
  model_calls: string;
  tool_calls: string;
  step_ms: number;
  cost: string;
  /** Jobs whose cost is not known. */
  unpriced: number;
  budget_cost: string | null;
  budget_tokens: string | null;
  pause_reason: string | null;
  created_at: Date;
  finalized_at: Date | null;
  expires_at: Date;
  cancel_requested_at: Date | null;
  ended_at: Date | null;
}

export function toBatch(row: BatchRow): Batch {
  const { waiting, open, succeeded, errored, canceled, expired, invalid } = row;
  return {
    id: row.id,
    tenant: row.tenant,
    surface: row.surface,
    state: row.state,
    agent: row.agent,
    agents: decodeAgents(row.agents),
    onInvalid: row.on_invalid,
    metadata: decodeMetadata(row.metadata),
    bytes: Number(row.bytes),
    lastLine: row.last_line,
    counts: { waiting, open, succeeded, errored, canceled, expired, invalid },
    totals: {
      inputTokens: Number(row.input_tokens),
      outputTokens: Number(row.output_tokens),
      cacheReadTokens: Number(row.cache_read_tokens),
      cacheWriteTokens: Number(row.cache_write_tokens),
      modelCalls: Number(row.model_calls),
      toolCalls: Number(row.tool_calls),
      stepMs: row.step_ms,
      cost: row.unpriced > 0 ? null : Number(row.cost),
    },
    budget: { cost: numberOf(row.budget_cost), tokens: numberOf(row.budget_tokens) },
    pauseReason: row.pause_reason,
    createdAt: row.created_at,
    finalizedAt: row.finalized_at,
    expiresAt: row.expires_at,
    cancelRequestedAt: row.cancel_requested_at,
    endedAt: row.ended_at,
  };
}

const numberOf = (text: string | null): number | null => (text === null ? null : Number(text));
