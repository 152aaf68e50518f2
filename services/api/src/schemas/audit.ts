import { z } from 'zod';
import { shownTime } from './common.ts';

export const auditQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100).describe('Entries of a page.'),
  before: z.coerce
    .number()
    .int()
    .min(1)
    .max(2_147_483_647)
    .optional()
    .describe('The last `n` of the page before.'),
});

export const auditEntry = z
  .object({
    type: z.literal('audit_entry'),
    tenant: z.string(),
    n: z.int().describe("Number in the tenant's log, from 1, without gaps."),
    at: shownTime,
    actor: z
      .string()
      .describe("Id of the caller's key; `local` for a caller on the same machine that needs none."),
    action: z.string(),
    target: z.string(),
    details: z.record(z.string(), z.string()),
    previous: z.string().describe('`hash` of the entry before.'),
    hash: z
      .string()
      .describe(
        'SHA-256 of the JSON array [previous, tenant, n, at, actor, action, target, details with sorted keys].',
      ),
  })
  .meta({ id: 'AuditEntry' });

export const auditPage = z.object({ data: z.array(auditEntry), has_more: z.boolean() });
