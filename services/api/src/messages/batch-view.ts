import type { Batch, BatchState, LineResult } from '@mcp-fleet/core';
import { errorKind } from '../errors.ts';
import type { MessageBatchView } from '../schemas/messages.ts';
import { faultOf } from './fault-of.ts';
import { messageView } from './message-view.ts';

const shownStates: Record<BatchState, MessageBatchView['processing_status']> = {
  uploading: 'in_progress',
  in_progress: 'in_progress',
  paused: 'in_progress',
  expiring: 'in_progress',
  canceling: 'canceling',
  ended: 'ended',
};

/** A batch in the form of Anthropic's Message Batches; `origin` is where its results are fetched from. */
export function messageBatchView(batch: Batch, origin: string): MessageBatchView {
  const ended = batch.state === 'ended';
  return {
    id: batch.id,
    type: 'message_batch',
    processing_status: shownStates[batch.state],
    request_counts: countsOf(batch),
    created_at: batch.createdAt.toISOString(),
    expires_at: batch.expiresAt.toISOString(),
    ended_at: batch.endedAt?.toISOString() ?? null,
    cancel_initiated_at: batch.cancelRequestedAt?.toISOString() ?? null,
    archived_at: null,
    results_url: ended ? `${origin}/v1/messages/batches/${batch.id}/results` : null,
  };
}

function countsOf({ state, counts }: Batch): MessageBatchView['request_counts'] {
  const { succeeded, errored, invalid, canceled, expired } = counts;
  if (state === 'ended') return { processing: 0, succeeded, errored: errored + invalid, canceled, expired };
  const processing = Object.values(counts).reduce((sum, each) => sum + each, 0);
  return { processing, succeeded: 0, errored: 0, canceled: 0, expired: 0 };
}

/** The results as lines of JSON. */
export const toResultLines = (lines: LineResult[]): string =>
  lines.map((line) => `${JSON.stringify({ custom_id: line.customId, result: resultOf(line) })}\n`).join('');

function resultOf({ state, problem, job, reply }: LineResult): unknown {
  if (state === 'canceled' || state === 'expired') return { type: state };
  if (state === 'succeeded' && job !== null && reply !== null) {
    return { type: 'succeeded', message: messageView(job, reply) };
  }
  const fault = faultOf(job?.error ?? { code: 'invalid_request', message: problem ?? 'It has no answer.' });
  const error = { type: errorKind(fault.status), code: fault.code, message: fault.message };
  return { type: 'errored', error: { type: 'error', error, request_id: null } };
}
