import type { Job, ReplyStep } from '@mcp-fleet/core';
import type { MessageView } from '../schemas/messages.ts';

/** The id of the message that a job's last reply is. */
export const messageId = (jobId: string): string => `msg_${jobId.slice(jobId.indexOf('_') + 1)}`;

/** A succeeded job as a message: its last reply, with the tokens of all. */
export function messageView(job: Job, reply: ReplyStep): MessageView {
  return {
    id: messageId(job.id),
    type: 'message',
    role: 'assistant',
    model: reply.model,
    content: reply.content,
    stop_reason: reply.stopReason,
    stop_sequence: reply.stopSequence ?? null,
    usage: {
      input_tokens: job.totals?.inputTokens ?? 0,
      output_tokens: job.totals?.outputTokens ?? 0,
      cache_creation_input_tokens: job.totals?.cacheWriteTokens ?? 0,
      cache_read_input_tokens: job.totals?.cacheReadTokens ?? 0,
      service_tier: reply.usage.serviceTier ?? 'standard',
    },
  };
}
