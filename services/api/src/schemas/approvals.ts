import { z } from 'zod';
import { id, longId, pageQuery, shownTime } from './common.ts';

const input = z.record(z.string(), z.unknown());

export const approval = z
  .object({
    id: z.string(),
    type: z.literal('approval'),
    job_id: z.string(),
    tool_use_id: z.string(),
    tool: z.string(),
    input: input.describe('The arguments that the model asked for.'),
    state: z.enum(['pending', 'approved', 'denied', 'expired']),
    approved_input: input.nullable().describe('The arguments that the call is sent with.'),
    reason: z.string().nullable(),
    decided_by: z.string().nullable(),
    decided_at: shownTime.nullable(),
    requested_at: shownTime,
    expires_at: shownTime,
  })
  .meta({ id: 'Approval' });
export type ApprovalView = z.infer<typeof approval>;

export const approvalsQuery = pageQuery.extend({
  after_id: longId.optional(),
  job_id: id.optional(),
  pending: z.enum(['true', 'false']).default('false').describe('Only those that can still be decided.'),
});

export const approvalParams = z.object({ id, tool_use_id: z.string().min(1).max(256) });

const decidedBy = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .describe('Who decided, in the words of the caller; the key is recorded beside it.');

export const decide = z
  .discriminatedUnion('decision', [
    z.strictObject({
      decision: z.literal('approve'),
      input: input.optional().describe('Other arguments than the model asked for.'),
      decided_by: decidedBy,
    }),
    z.strictObject({
      decision: z.literal('deny'),
      reason: z.string().max(2_000).default('').describe('The model is told.'),
      decided_by: decidedBy,
    }),
  ])
  .meta({ id: 'ApprovalDecision' });
