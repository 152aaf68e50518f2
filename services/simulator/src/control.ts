import { z } from 'zod';

const tokens = z.int().min(0);

const usage = z.strictObject({
  input_tokens: tokens.optional(),
  output_tokens: tokens.optional(),
  cache_creation_input_tokens: tokens.optional(),
  cache_read_input_tokens: tokens.optional(),
});

const fault = z.strictObject({
  status: z.int().min(400).max(599),
  type: z.string().optional(),
  message: z.string().default('scripted fault'),
  /** Anthropic's `details.error_code`, OpenAI's `code`. */
  code: z.string().optional(),
  /** Seconds or an HTTP date, sent as `retry-after`. */
  retry_after: z.union([z.number(), z.string()]).optional(),
  retry_after_ms: z.number().optional(),
});

const block = z.looseObject({ type: z.string() });

/**
 * One entry of a script. Without `content` the reply is the planned one, so that `hold` and `cut_after` can be
 * tried on it too.
 */
const scriptedReply = z.strictObject({
  content: z.union([z.string(), z.array(block)]).optional(),
  stop_reason: z.string().optional(),
  usage: usage.optional(),
  error: fault.optional(),
  /** Never answers. */
  hang: z.literal(true).optional(),
  /** Answers after `POST /__sim/release`. */
  hold: z.literal(true).optional(),
  /** Sends so many events, and the rest after `POST /__sim/release`. */
  hold_after: z.int().min(0).optional(),
  /** Sends so many events (or half of a JSON body), then destroys the socket. */
  cut_after: z.int().min(0).optional(),
  /** Sends so many events, then an error event with status 200. JSON requests get the error's status. */
  fail_after: z.int().min(0).optional(),
  /** Answers 200 with a body that is not what the API promises. */
  garbage: z.literal(true).optional(),
});
export type ScriptedReply = z.infer<typeof scriptedReply>;

/** Body of `POST /__sim/script`. Without `job` it serves any request that no job's own script serves. */
export const scriptBody = z.strictObject({
  job: z.string().min(1).optional(),
  replies: z.array(scriptedReply),
});
export type Script = z.input<typeof scriptBody>;

/**
 * Body of `POST /__sim/batches/script`: what becomes of the next creations and of the next items, in order. A
 * creation that is lost, or hangs, makes the batch and answers nothing: it closes the connection, or keeps it. Items are played for one job, or for any.
 */
export const batchScriptBody = z.strictObject({
  job: z.string().min(1).optional(),
  creations: z.array(z.union([z.enum(['lost', 'hang']), fault])).default([]),
  items: z.array(z.union([z.literal('expired'), fault])).default([]),
});
export type BatchScript = z.input<typeof batchScriptBody>;

/** Body of `POST /__sim/config`; absent keys stay as they are. */
export const configBody = z.strictObject({
  /** Milliseconds before an answer begins, and the most that chance adds. */
  latencyMs: z.number().min(0).optional(),
  latencyJitterMs: z.number().min(0).optional(),
  /** Milliseconds between two events of a stream; 0 sends them all at once. */
  eventMs: z.number().min(0).optional(),
  /** Whether every request is logged for `GET /__sim/requests`. */
  requestLog: z.boolean().optional(),
  /** Milliseconds from the creation of a batch to its end; null holds it until `POST /__sim/batches/end`. */
  batchMs: z.number().min(0).nullable().optional(),
  /** Every n-th request fails so; null ends that. */
  fault: fault
    .extend({ every: z.int().min(1) })
    .nullable()
    .optional(),
});
export type SimulatorConfig = z.input<typeof configBody>;

/** Settings with nothing left open. */
export interface Config {
  latencyMs: number;
  latencyJitterMs: number;
  eventMs: number;
  requestLog: boolean;
  batchMs: number | null;
  fault: (Fault & { every: number }) | null;
}
export type Fault = z.infer<typeof fault>;
