import type { Job, Session } from '@mcp-fleet/client';
import { jobStates } from '@mcp-fleet/core';
import { z } from 'zod';
import { plainText, shorten } from './plain-text.ts';

const failure = z.object({ type: z.string(), message: z.string() });
const usage = z.object({
  input_tokens: z.number(),
  output_tokens: z.number(),
  model_calls: z.number(),
  tool_calls: z.number(),
  cost_usd: z.number().nullable(),
});

const jobLine = {
  id: z.string(),
  state: z.enum(jobStates),
  session_id: z.string().nullable(),
  agent: z.string(),
  model: z.string(),
  /** The beginning of the query's text. */
  query: z.string(),
  error: failure.nullable(),
  created_at: z.string(),
  ended_at: z.string().nullable(),
};

const session = z.object({
  id: z.string(),
  agent: z.string(),
  on_busy: z.string(),
  active_job: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});

const page = { has_more: z.boolean(), last_id: z.string().nullable() };

/** What tools answer with, besides words. */
export const outputs = {
  job: {
    ...jobLine,
    answer: z.string().nullable(),
    stop_reason: z.string().nullable(),
    wait: z.object({ until: z.string().nullable(), reason: z.string().nullable() }).nullable(),
    usage: usage.nullable(),
  },
  jobs: { jobs: z.array(z.object(jobLine)), ...page },
  session: session.shape,
  sessions: { sessions: z.array(session), ...page },
  messages: {
    session_id: z.string(),
    messages: z.array(
      z.object({
        id: z.string(),
        job_id: z.string(),
        role: z.enum(['user', 'assistant']),
        content: z.array(z.looseObject({ type: z.string() })),
      }),
    ),
    /** Earlier messages that are left out. */
    omitted: z.number(),
  },
};

/** A job without its answer, for lists. */
export function jobLineView(job: Job) {
  const { id, state, session_id, agent, model, error, created_at, ended_at } = job;
  const query = shorten(plainText(job.query), 200);
  return { id, state, session_id, agent, model, query, error, created_at, ended_at };
}

export function jobView(job: Job) {
  const { answer, stop_reason, wait } = job;
  return { ...jobLineView(job), answer, stop_reason, wait, usage: usageView(job.usage) };
}

function usageView(usage: Job['usage']) {
  if (usage === null) return null;
  const { input_tokens, output_tokens, model_calls, tool_calls, cost_usd } = usage;
  return { input_tokens, output_tokens, model_calls, tool_calls, cost_usd };
}

export function sessionView({ id, agent, on_busy, active_job, created_at, updated_at }: Session) {
  return { id, agent, on_busy, active_job, created_at, updated_at };
}

/** What became of a job, in words; an answer comes whole. */
export function jobText(job: Job): string {
  switch (job.state) {
    case 'succeeded':
      return `${job.id} succeeded.\n\n${job.answer ?? ''}`;
    case 'failed':
    case 'canceled':
    case 'expired':
      return `${job.id} ${job.state}${job.error ? `: ${job.error.type}: ${job.error.message}` : '.'}`;
    case 'waiting':
      return `${job.id} is waiting${waitText(job.wait)}. Call wait_for_job to wait for its end.`;
    default:
      return `${job.id} is ${job.state}. Call wait_for_job to wait for its end.`;
  }
}

function waitText(wait: Job['wait']): string {
  if (wait === null) return '';
  const reason = wait.reason ?? 'no reason given';
  return wait.until === null ? ` (${reason})` : ` until ${wait.until} (${reason})`;
}

/** A page in words: a line each, and how to get what comes after it. */
export function pageText(lines: string[], none: string, rest: { has_more: boolean; last_id: string | null }) {
  if (lines.length === 0) return none;
  return [...lines, ...(rest.has_more ? [`More with after_id ${rest.last_id}.`] : [])].join('\n');
}
