import { type Batch, FleetError, type JobTotals, type LineResult, toUsd } from '@mcp-fleet/core';
import type { BatchResultView, BatchView } from '../schemas/batches.ts';

const total = (batch: Batch): number => Object.values(batch.counts).reduce((sum, each) => sum + each, 0);

/** A batch as the API shows it. */
export function batchView(batch: Batch, now = Date.now()): BatchView {
  return {
    id: batch.id,
    type: 'batch',
    state: batch.state,
    agent: batch.agent,
    on_invalid: batch.onInvalid,
    metadata: batch.metadata,
    bytes: batch.bytes,
    lines: total(batch),
    counts: batch.counts,
    usage: usageOf(batch.totals),
    progress: progressOf(batch, now),
    budget: { max_cost_usd: usdOf(batch.budget.cost), max_tokens: batch.budget.tokens },
    pause_reason: batch.pauseReason,
    created_at: batch.createdAt.toISOString(),
    finalized_at: batch.finalizedAt?.toISOString() ?? null,
    expires_at: batch.expiresAt.toISOString(),
    cancel_requested_at: batch.cancelRequestedAt?.toISOString() ?? null,
    ended_at: batch.endedAt?.toISOString() ?? null,
  };
}

function progressOf(batch: Batch, now: number): BatchView['progress'] {
  const { waiting, open, invalid, ...rest } = batch.counts;
  const ended = Object.values(rest).reduce((sum, each) => sum + each, 0);
  if (batch.finalizedAt === null || ended === 0) return { ended, lines_per_second: null, seconds_left: null };
  const seconds = Math.max(0.001, ((batch.endedAt?.getTime() ?? now) - batch.finalizedAt.getTime()) / 1000);
  const rate = ended / seconds;
  const left = batch.state === 'ended' ? 0 : Math.ceil((waiting + open) / rate);
  return { ended, lines_per_second: Math.round(rate * 100) / 100, seconds_left: left };
}

function usageOf(totals: JobTotals): BatchView['usage'] {
  return {
    input_tokens: totals.inputTokens,
    output_tokens: totals.outputTokens,
    cache_read_input_tokens: totals.cacheReadTokens,
    cache_creation_input_tokens: totals.cacheWriteTokens,
    model_calls: totals.modelCalls,
    tool_calls: totals.toolCalls,
    cost_usd: usdOf(totals.cost),
  };
}

const usdOf = (cost: number | null) => (cost === null ? null : toUsd(cost));

/** A line's result as the API shows it. */
export function resultView({ n, customId, state, problem, job }: LineResult): BatchResultView {
  const error =
    problem === null ? (job?.error ?? null) : { code: 'invalid_request' as const, message: problem };
  return {
    line: n,
    custom_id: customId,
    state,
    job_id: job?.id ?? null,
    session_id: job?.sessionId ?? null,
    answer: job?.answer ?? null,
    stop_reason: job?.stopReason ?? null,
    error: error === null ? null : { type: error.code, message: error.message },
    usage: job?.totals
      ? {
          input_tokens: job.totals.inputTokens,
          output_tokens: job.totals.outputTokens,
          model_calls: job.totals.modelCalls,
          tool_calls: job.totals.toolCalls,
          cost_usd: usdOf(job.totals.cost),
        }
      : null,
    metadata: job?.metadata ?? null,
    started_at: job?.startedAt?.toISOString() ?? null,
    ended_at: job?.endedAt?.toISOString() ?? null,
  };
}

export const noBatch = (id: string) => new FleetError('not_found', `There is no batch ${id}.`);

export function foundBatch(batch: Batch | null, id: string): Batch {
  if (batch) return batch;
  throw noBatch(id);
}
