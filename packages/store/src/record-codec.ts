import {
  type AgentSpec,
  agentSpec,
  type ContentBlock,
  contentBlock,
  type ErrorCode,
  errorCodes,
  type JobError,
  type JobTotals,
  type JobWebhook,
  type Message,
  message,
  type Step,
  step,
  type Toolset,
  webhookEvents,
} from '@mcp-fleet/core';
import { z } from 'zod';

/**
 * Stored bodies are JSON as text in every database: key order, odd keys, NUL and lone surrogates come back
 * exactly as they went in. Reading parses, so that nothing unknown gets past the store's edge.
 */
export const encode = (value: unknown): string => JSON.stringify(value);

export const encodeStep = (value: Step): string => JSON.stringify(value);
export const decodeStep = (text: string): Step => step.parse(JSON.parse(text));

export const decodeAgent = (text: string): AgentSpec => agentSpec.parse(JSON.parse(text));

const agents = z.record(z.string(), agentSpec);
export const decodeAgents = (text: string): Record<string, AgentSpec> => agents.parse(JSON.parse(text));

const query = z.array(contentBlock);
export const decodeQuery = (text: string): ContentBlock[] => query.parse(JSON.parse(text));

const context = z.array(message);
/** Jobs without a context of their own have none stored. */
export const encodeContext = (value: readonly Message[]): string | null =>
  value.length === 0 ? null : encode(value);
export const decodeContext = (text: string | null | undefined): Message[] =>
  text == null ? [] : context.parse(JSON.parse(text));

const metadata = z.record(z.string(), z.string());
export const decodeMetadata = (text: string): Record<string, string> => metadata.parse(JSON.parse(text));

const jobError = z.object({
  code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]).catch('internal'),
  message: z.string(),
});
export const decodeError = (text: string): JobError => jobError.parse(JSON.parse(text));

const jobWebhook = z.object({ url: z.string(), events: z.array(z.enum(webhookEvents)) });
export const decodeJobWebhook = (text: string): JobWebhook => jobWebhook.parse(JSON.parse(text));

const totals = z.object({
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheReadTokens: z.number(),
  cacheWriteTokens: z.number(),
  modelCalls: z.number(),
  toolCalls: z.number(),
  stepMs: z.number().default(0),
  /** Absent from jobs that ended before costs were kept. */
  cost: z.number().nullable().default(null),
});
export const decodeTotals = (text: string): JobTotals => totals.parse(JSON.parse(text));

const toolset: z.ZodType<Toolset> = z.object({
  hash: z.string(),
  tools: z.array(
    z.object({
      name: z.string(),
      description: z.string(),
      inputSchema: z.record(z.string(), z.unknown()),
      safety: z.enum(['read_only', 'idempotent', 'unsafe']),
      unknownOutcome: z.enum(['ask_model', 'retry', 'fail']).optional(),
      approval: z.literal(true).optional(),
      approvalExpiresMs: z.number().optional(),
    }),
  ),
}) as z.ZodType<Toolset>;
export const decodeToolset = (text: string): Toolset => toolset.parse(JSON.parse(text));
