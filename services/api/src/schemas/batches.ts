import { batchStates, type ErrorCode, lineStates, onInvalid } from '@mcp-fleet/core';
import { z } from 'zod';
import { id, metadata, pageQuery, sentTime, shownTime } from './common.ts';
import { query } from './jobs.ts';

export const customId = z.string().min(1).max(256);

/** One line of an upload. */
export const batchLine = z
  .strictObject({
    custom_id: customId.optional().describe('Unique in the batch; absent: `line-<number>`.'),
    query: query.describe('What the agent is to do, as text or as content blocks.'),
    session_id: id
      .optional()
      .describe('Lines of one session run in their order, those of different sessions in parallel.'),
    agent: z.string().max(64).optional().describe("Instead of the batch's."),
    model: z.string().min(1).max(200).optional(),
    system: z.string().max(1_000_000).optional(),
    max_tokens: z.int().min(1).max(1_000_000).optional(),
    metadata: metadata.default({}),
  })
  .meta({ id: 'BatchLine' });
export type BatchLine = z.infer<typeof batchLine>;

const settings = {
  agent: z.string().max(64).default('default').describe('The agent of lines that name none.'),
  on_invalid: onInvalid
    .default('reject')
    .describe('`reject` lets nothing run while a line is not valid, `skip` leaves such lines out.'),
  max_cost_usd: z.coerce
    .number()
    .positive()
    .max(1_000_000)
    .optional()
    .describe('US dollars for all lines: once they come to it, the batch pauses until this is raised.'),
  max_tokens: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe('Tokens in and out for all lines, likewise.'),
  expires_at: sentTime.optional().describe('Lines that have not ended by then expire; absent: in 24 hours.'),
};

export const createBatch = z
  .strictObject({ ...settings, metadata: metadata.default({}) })
  .meta({ id: 'NewBatch' });

/** The same as query parameters and form fields, for an upload whose body is the lines. */
export const uploadSettings = z.object(settings);
export type UploadSettings = z.infer<typeof uploadSettings>;

export const appendQuery = z.object({
  offset: z.coerce.number().int().min(0).describe("The batch's `bytes`: where the lines go on."),
});

export const estimateQuery = uploadSettings.pick({ agent: true, max_cost_usd: true, max_tokens: true });

const range = z.object({ min: z.number().min(0), max: z.number().min(0) });

export const batchEstimate = z
  .object({
    type: z.literal('batch_estimate'),
    lines: z.int().min(0).describe('Lines that are valid, and would run.'),
    invalid: z.int().min(0),
    tokens: range,
    cost_usd: range.nullable().describe('Null when the price of a model is not known.'),
    models: z
      .array(z.string())
      .describe('Models that answer; those alone whose price is not known, if there are such. At most 100.'),
    invalid_lines: z
      .array(z.object({ line: z.int(), message: z.string() }))
      .describe('The first 100 lines that are not valid.'),
  })
  .meta({
    id: 'BatchEstimate',
    description: 'The least and the most that lines may use, at the prices of how they would be run.',
  });
export type BatchEstimateView = z.infer<typeof batchEstimate>;

export const batchesQuery = pageQuery;

export const resultsQuery = z.object({
  format: z.enum(['jsonl', 'csv']).default('jsonl'),
  after_line: z.coerce
    .number()
    .int()
    .min(0)
    .max(2_147_483_647)
    .default(0)
    .describe('Only lines behind this one.'),
  all: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Also lines that have not ended; otherwise only those that have, in the order of lines.'),
});

const count = z.int().min(0);

export const batch = z
  .object({
    id: z.string(),
    type: z.literal('batch'),
    state: z.enum(batchStates),
    agent: z.string(),
    on_invalid: onInvalid,
    metadata,
    bytes: count.describe('Bytes of the upload that are stored; a broken upload goes on there.'),
    lines: count,
    counts: z.object(
      Object.fromEntries(lineStates.map((state) => [state, count])) as Record<
        (typeof lineStates)[number],
        typeof count
      >,
    ),
    usage: z.object({
      input_tokens: count,
      output_tokens: count,
      cache_read_input_tokens: count,
      cache_creation_input_tokens: count,
      model_calls: count,
      tool_calls: count,
      cost_usd: z.number().nullable().describe('Null when the price of a model is not known.'),
    }),
    progress: z.object({
      ended: count,
      lines_per_second: z.number().nullable().describe('Since the batch began.'),
      seconds_left: z.number().nullable(),
    }),
    budget: z.object({ max_cost_usd: z.number().nullable(), max_tokens: count.nullable() }),
    pause_reason: z.string().nullable(),
    created_at: shownTime,
    finalized_at: shownTime.nullable(),
    expires_at: shownTime,
    cancel_requested_at: shownTime.nullable(),
    ended_at: shownTime.nullable(),
  })
  .meta({ id: 'Batch' });
export type BatchView = z.infer<typeof batch>;

export const raiseBudget = z
  .strictObject({
    max_cost_usd: z.number().positive().max(1_000_000).nullable().optional().describe('Null for no limit.'),
    max_tokens: z.int().min(1).nullable().optional(),
  })
  .meta({ id: 'BatchBudget' });

export const uploadedBatch = batch
  .extend({
    invalid_lines: z
      .array(z.object({ line: count, message: z.string() }))
      .describe('The first 100 lines of this upload that are not valid; all are among the results.'),
  })
  .meta({ id: 'UploadedBatch' });

export const deletedBatch = z.object({ id: z.string(), type: z.literal('batch_deleted') });

/** One line of the results. */
export const batchResult = z
  .object({
    line: count,
    custom_id: z.string().nullable(),
    state: z.enum(lineStates),
    job_id: z.string().nullable(),
    session_id: z.string().nullable(),
    answer: z.string().nullable(),
    stop_reason: z.string().nullable(),
    error: z.object({ type: z.string() as z.ZodType<ErrorCode>, message: z.string() }).nullable(),
    usage: z
      .object({
        input_tokens: count,
        output_tokens: count,
        model_calls: count,
        tool_calls: count,
        cost_usd: z.number().nullable(),
      })
      .nullable(),
    metadata: metadata.nullable(),
    started_at: shownTime.nullable(),
    ended_at: shownTime.nullable(),
  })
  .meta({ id: 'BatchResult' });
export type BatchResultView = z.infer<typeof batchResult>;
