import { z } from 'zod';
import { contentBlock, type Message, toolResultBlock } from './message.ts';

/** Tokens as the provider counted them. */
export const usage = z.object({
  inputTokens: z.int().min(0),
  outputTokens: z.int().min(0),
  cacheReadTokens: z.int().min(0).default(0),
  cacheWriteTokens: z.int().min(0).default(0),
  /** Set for a reply that came through an upstream batch, whose tokens cost less. */
  serviceTier: z.literal('batch').optional(),
  /** Those of `cacheWriteTokens` that are kept for an hour, when there are any. */
  cacheWrite1hTokens: z.int().min(0).optional(),
});
export type Usage = z.infer<typeof usage>;

/** One model reply, whole. `round` counts from 0; a reply stands at slot 0 of its round. */
export const replyStep = z.object({
  kind: z.literal('reply'),
  round: z.int().min(0),
  slot: z.literal(0),
  content: z.array(contentBlock),
  stopReason: z.string(),
  stopSequence: z.string().optional(),
  model: z.string(),
  requestId: z.string().optional(),
  usage,
  /** Nano-dollars by the price of the day; absent when the price was unknown. */
  cost: z.int().min(0).optional(),
  /** Hash of the tool list that was offered; frozen for the job by its first reply. */
  toolset: z.string(),
  ms: z.number(),
  /** The job that got this reply, when a replay began with it; its calls keep that job's idempotency keys. */
  recordedBy: z.string().optional(),
});

/** One tool result. It stands at slot k of its round, k being the place of its tool_use block, from 1. */
export const resultStep = z.object({
  kind: z.literal('result'),
  round: z.int().min(0),
  slot: z.int().min(1),
  tool: z.string(),
  block: toolResultBlock,
  /** `denied` and `expired`: an approval was needed and not given, so that the call was not sent. */
  outcome: z.enum(['ok', 'error', 'unknown', 'denied', 'expired']),
  /** Id of the blob that holds the whole result, when the block carries only a part of it. */
  blob: z.string().optional(),
  /** What the whole result is as a file (`fileInfo`), so that nobody has to read the blob to know. */
  whole: z.object({ mediaType: z.string(), bytes: z.int().min(0) }).optional(),
  ms: z.number(),
});

/**
 * Queries that joined a running turn (busy policy `steer`), as the model got to see them. They stand before
 * the reply of their round, and end the user message that the reply answers.
 */
export const steerStep = z.object({
  kind: z.literal('steer'),
  round: z.int().min(0),
  slot: z.literal(-1),
  content: z.array(contentBlock),
  /** Ids of the jobs whose queries these are. */
  jobs: z.array(z.string()),
});

export const step = z.discriminatedUnion('kind', [replyStep, resultStep, steerStep]);

export type SteerStep = z.infer<typeof steerStep>;
export type ReplyStep = z.infer<typeof replyStep>;
export type ResultStep = z.infer<typeof resultStep>;
export type Step = z.infer<typeof step>;

/** Where a step stands in its job. Written once, never changed. */
export interface Position {
  round: number;
  slot: number;
}

/** Orders steps as they are read back: by round; in it queries that joined, the reply, the results by slot. */
export function comparePositions(a: Position, b: Position): number {
  return a.round - b.round || a.slot - b.slot;
}

/** A message of a turn, and the steps that it is made of. */
export interface TurnMessage extends Message {
  steps: Step[];
}

/**
 * The messages that a turn amounts to, each with its steps: its query, then each reply followed by one user
 * message with all the results of that round in the order of their tool_use blocks. Queries that joined end the
 * user message before the reply that answers them.
 */
export function recordedMessages(query: Message['content'], steps: readonly Step[]): TurnMessage[] {
  let open: TurnMessage = { role: 'user', content: [...query], steps: [] };
  const messages = [open];
  for (const step of [...steps].sort(comparePositions)) {
    if (step.kind === 'reply') {
      messages.push({ role: 'assistant', content: step.content, steps: [step] });
      continue;
    }
    if (messages.at(-1)?.role === 'assistant') {
      open = { role: 'user', content: [], steps: [] };
      messages.push(open);
    }
    open.content.push(...(step.kind === 'steer' ? step.content : [step.block]));
    open.steps.push(step);
  }
  return messages;
}

/** The same without the steps, as they are sent to a model. */
export function turnMessages(query: Message['content'], steps: readonly Step[]): Message[] {
  return recordedMessages(query, steps).map(({ role, content }) => ({ role, content }));
}
