import { FleetError } from './errors.ts';
import { type Message, toolUses } from './message.ts';
import type { ModelReply } from './ports.ts';
import { costOf } from './price.ts';
import type { Running } from './running.ts';
import type { ReplyStep } from './step.ts';
import { toRequest } from './to-request.ts';

/**
 * Asks the model for the reply of a round. Throws for replies that no legal conversation can be built on; those
 * are never recorded.
 */
export async function callModel(running: Running, context: Message[], round: number): Promise<ReplyStep> {
  const { job, steps } = running.record;
  const started = running.ports.clock.now();
  running.emit({ type: 'model_started', round, model: job.agent.model });
  let offset = 0;
  const onDelta = (text: string) => {
    running.emit({ type: 'text_delta', round, offset, text });
    offset += text.length;
  };
  const reply = await running.ports.model.complete(toRequest(job, context, steps, running.toolset), {
    signal: running.signal,
    onDelta,
  });
  const ms = running.ports.clock.now() - started;
  return replyStep(running, reply, { round, toolset: running.toolset.hash, ms });
}

/** A reply as the step of its round. Throws for one that no legal conversation can be built on. */
export function replyStep(
  { policy, record }: Running,
  reply: ModelReply,
  { round, toolset, ms }: Pick<ReplyStep, 'round' | 'toolset' | 'ms'>,
): ReplyStep {
  refuseUnusable(reply);
  const price = policy.prices.of(record.job.agent.model)?.price;
  return {
    kind: 'reply',
    round,
    slot: 0,
    content: reply.content,
    stopReason: reply.stopReason,
    ...(reply.stopSequence === undefined ? {} : { stopSequence: reply.stopSequence }),
    model: reply.model,
    ...(reply.requestId === undefined ? {} : { requestId: reply.requestId }),
    usage: reply.usage,
    ...(price === undefined ? {} : { cost: costOf(price, reply.usage) }),
    toolset,
    ms,
  };
}

/** Throws `limit_exceeded` when the agent's limits allow no further reply. */
export function refuseBeyondLimits({ record }: Running, round: number): void {
  const { limits } = record.job.agent;
  if (round >= limits.rounds) {
    throw new FleetError(
      'limit_exceeded',
      `The job has had ${limits.rounds} model replies, the agent's limit (limits.rounds).`,
    );
  }
  if (record.failingRounds >= limits.failingRounds) {
    throw new FleetError(
      'limit_exceeded',
      `Every tool call of the last ${record.failingRounds} rounds failed, the agent's limit (limits.failingRounds).`,
    );
  }
}

function refuseUnusable(reply: Pick<ReplyStep, 'content' | 'stopReason'>): void {
  const uses = toolUses(reply.content);
  if (reply.stopReason === 'refusal') {
    throw new FleetError('model_refusal', 'The model refused to answer the query.');
  }
  if (reply.stopReason === 'model_context_window_exceeded') {
    throw new FleetError(
      'context_window_exceeded',
      "The conversation is longer than the model's context window.",
    );
  }
  if (reply.stopReason === 'max_tokens' && uses.length > 0) {
    throw new FleetError(
      'model_output_truncated',
      "The reply was cut at the agent's maxTokens within a tool call. Raise maxTokens.",
    );
  }
  if (reply.content.length === 0 && reply.stopReason !== 'pause_turn') {
    throw new FleetError(
      'model_empty_reply',
      `The model ended its turn (${reply.stopReason}) without any content.`,
    );
  }
  if (new Set(uses.map((use) => use.id)).size !== uses.length) {
    throw new FleetError('model_bad_reply', 'The reply has two tool calls with one id.');
  }
}
