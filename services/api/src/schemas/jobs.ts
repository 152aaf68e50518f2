import { busyPolicies, type ErrorCode, errorCodes, jobStates, lanes } from '@mcp-fleet/core';
import { z } from 'zod';
import { saveAgent } from './agents.ts';
import { budget, costUsd, newBudget } from './budgets.ts';
import { contentBlock, id, metadata, pageQuery, sentTime, shownTime } from './common.ts';
import { jobWebhook, newJobWebhook } from './webhooks.ts';

/** Characters that a query may have; more is refused with 413. */
export const longestQuery = 1_000_000;

const notBlank = z.string().regex(/\S/, 'the query is empty; say what the agent is to do');

/** Models refuse blank text; every other kind of block is theirs to judge. */
const queryBlock = z.union([
  z.looseObject({ type: z.literal('text'), text: notBlank }),
  z.looseObject({ type: z.string().regex(/^(?!text$)/) }),
]);

export const query = z.union(
  [notBlank, z.array(queryBlock).min(1, 'expected at least one content block').max(10_000)],
  'expected a text or a list of content blocks',
);

export const submitJob = z
  .strictObject({
    query: query.describe('What the agent is to do, as text or as content blocks.'),
    session_id: id.optional().describe('Absent: a job of its own, without a conversation.'),
    agent: z.string().max(64).default('default'),
    model: z.string().min(1).max(200).optional().describe("Instead of the agent's, `provider/model`."),
    // Settings of this job alone, over its agent's.
    overrides: saveAgent.optional(),
    metadata: metadata.default({}),
    priority: z
      .enum(lanes)
      .optional()
      .describe(
        '`batch` waits behind no query and delays none: it has places of its own. Absent: `interactive`.',
      ),
    on_busy: z
      .enum(busyPolicies)
      .optional()
      .describe("What happens when the session is busy; absent: the session's own policy."),
    not_before: sentTime.optional().describe('The job waits until then.'),
    expires_at: sentTime.optional().describe('The job expires when it was not started by then.'),
    deadline: sentTime.optional().describe('The job fails when it has not ended by then.'),
    webhook: newJobWebhook.optional().describe('A URL that is told of this job, beside registered webhooks.'),
    ...newBudget,
  })
  .meta({ id: 'NewJob' });
export type SubmitJob = z.infer<typeof submitJob>;

export const submitHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .max(255)
    .optional()
    .describe('The same key with the same body answers with the job that stands; with another body 409.'),
});

export const waitQuery = z.object({
  wait: z.coerce.number().min(0).max(60).default(0).describe('Seconds to wait for the end of the job.'),
});

const jobFilter = {
  state: z.enum(jobStates).optional(),
  session_id: id.optional(),
  error: z
    .enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]])
    .optional()
    .describe('Type of the error that a job failed with.'),
};

export const jobsQuery = pageQuery.extend(jobFilter);
export const cancelJobs = z.strictObject(jobFilter);

const from = z
  .enum(['tail', 'scratch'])
  .default('tail')
  .describe('`tail` goes on behind the last recorded step, `scratch` starts anew.');
export const replayJob = z.strictObject({ from });
export const replayJobs = z.strictObject({ ...jobFilter, from });

const tokens = z.int().min(0);

export const job = z
  .object({
    id: z.string(),
    type: z.literal('job'),
    state: z.enum(jobStates),
    priority: z.enum(lanes),
    session_id: z.string().nullable(),
    turn: z.int().nullable(),
    agent: z.string(),
    agent_version: z.int(),
    model: z.string(),
    query: z.array(contentBlock),
    answer: z.string().nullable(),
    stop_reason: z.string().nullable(),
    error: z.object({ type: z.string(), message: z.string() }).nullable(),
    wait: z
      .object({
        until: shownTime.nullable().describe('Null: until something makes the job due.'),
        reason: z.string().nullable(),
      })
      .nullable(),
    budget,
    usage: z
      .object({
        input_tokens: tokens,
        output_tokens: tokens,
        cache_read_input_tokens: tokens,
        cache_creation_input_tokens: tokens,
        model_calls: tokens,
        tool_calls: tokens,
        cost_usd: costUsd,
      })
      .nullable(),
    metadata,
    attempts: z.int(),
    not_before: shownTime.nullable(),
    expires_at: shownTime.nullable(),
    deadline: shownTime.nullable(),
    joined: z.string().nullable(),
    replay_of: z.string().nullable(),
    webhook: jobWebhook.nullable(),
    created_at: shownTime,
    started_at: shownTime.nullable(),
    ended_at: shownTime.nullable(),
  })
  .meta({ id: 'Job' });
export type JobView = z.infer<typeof job>;

const position = { round: z.int(), slot: z.int(), duration_ms: z.int() };

export const step = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('reply'),
      ...position,
      model: z.string(),
      content: z.array(contentBlock),
      stop_reason: z.string(),
      usage: z.object({ input_tokens: tokens, output_tokens: tokens }),
      cost_usd: costUsd,
    }),
    z.object({
      type: z.literal('tool_result'),
      ...position,
      tool: z.string(),
      tool_use_id: z.string(),
      content: z.union([z.string(), z.array(contentBlock)]),
      outcome: z.enum(['ok', 'error', 'unknown', 'denied', 'expired']),
      blob: z.string().nullable(),
    }),
    z.object({
      type: z.literal('joined_query'),
      ...position,
      content: z.array(contentBlock),
      jobs: z.array(z.string()),
    }),
  ])
  .meta({ id: 'Step' });
export type StepView = z.infer<typeof step>;

export const toolResult = z
  .object({
    tool_use_id: z.string(),
    type: z.literal('tool_result_info'),
    tool: z.string(),
    outcome: z.enum(['ok', 'error', 'unknown', 'denied', 'expired']),
    round: z.int(),
    duration_ms: z.int(),
    content_type: z.string(),
    size: z.int().describe('Bytes of the download.'),
    cut: z.boolean().describe('True when the model saw a part only; a download is whole.'),
  })
  .meta({ id: 'ToolResultInfo' });
export const toolResultParams = z.object({ id, tool_use_id: z.string().min(1).max(256) });
