import { z } from 'zod';

export const maxCostUsd = z.number().min(0).max(1_000_000);
export const maxTokens = z.int().min(0).max(1_000_000_000_000);

const tokens = z.int().min(0);

/** US dollars. */
export const costUsd = z.number().min(0).nullable().describe('US dollars; null when a price was unknown.');

/** What a new job may use. */
export const newBudget = {
  max_cost_usd: maxCostUsd
    .optional()
    .describe(
      "US dollars; a model call that may cost more than is left is not made, and the job waits. Absent: the agent's `limits.costUsd`.",
    ),
  max_tokens: maxTokens
    .optional()
    .describe("Tokens in and out, of the whole job. Absent: the agent's `limits.tokens`."),
};

export const raiseBudget = z
  .strictObject({
    max_cost_usd: maxCostUsd.nullable().optional(),
    max_tokens: maxTokens.nullable().optional(),
  })
  .refine((body) => Object.keys(body).length > 0, { error: 'expected max_cost_usd, max_tokens or both' })
  .meta({
    id: 'BudgetRaise',
    description: 'What is absent stays; null is without bound.',
    minProperties: 1,
  });

const use = z.object({ cost_usd: costUsd, tokens });

export const budget = z
  .object({
    max_cost_usd: z.number().nullable(),
    max_tokens: tokens.nullable(),
    shortfall: z
      .object({ spent: use, next_call: use.describe('The most that the next model call may use.') })
      .nullable()
      .describe('Why the job waits for its budget; null when it does not.'),
  })
  .nullable()
  .describe('Null for a job that may use what it likes.');

const range = z.object({ min: z.number().min(0), max: z.number().min(0) });

export const estimate = z
  .object({
    type: z.literal('estimate'),
    model: z.string(),
    tokens: range,
    cost_usd: range.nullable().describe("Null when the model's price is unknown."),
  })
  .meta({
    id: 'Estimate',
    description: 'The least and the most that a job may use. Add them up for many jobs.',
  });
