import { scopes } from '@mcp-fleet/core';
import { z } from 'zod';
import { maxCostUsd } from './budgets.ts';
import { pageQuery, plainText, sentTime, shownTime } from './common.ts';

const tenant = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'expected up to 63 lower-case letters, digits, - and _');

export const createKey = z
  .strictObject({
    tenant: tenant.optional().describe("Absent: the caller's. Another needs the scope `operator`."),
    name: plainText.max(100).default(''),
    scopes: z.array(z.enum(scopes)).min(1).max(scopes.length),
    expires_at: sentTime.optional(),
  })
  .meta({ id: 'NewApiKey' });

export const rotateKey = z.strictObject({
  overlap_seconds: z
    .int()
    .min(0)
    .max(30 * 86_400)
    .default(3_600)
    .describe('How long the old key still works.'),
});

export const keysQuery = pageQuery.extend({
  all_tenants: z.enum(['true', 'false']).default('false').describe('Needs the scope `operator`.'),
});

export const key = z
  .object({
    id: z.string(),
    type: z.literal('api_key'),
    tenant: z.string(),
    name: z.string(),
    scopes: z.array(z.enum(scopes)),
    created_at: shownTime,
    expires_at: shownTime.nullable(),
    revoked_at: shownTime.nullable(),
    last_used_at: shownTime.nullable(),
  })
  .meta({ id: 'ApiKey' });
export type KeyView = z.infer<typeof key>;

export const newKey = key
  .extend({ key: z.string().describe('The key itself, shown this once.') })
  .meta({ id: 'ApiKeyWithText' });

const limit = z.int().min(0).max(1_000_000_000).nullable();

export const limits = z
  .strictObject({
    requests_per_minute: limit.describe('Counted over all apis.'),
    queued_jobs: limit.describe('Jobs that are queued or waiting.'),
    running_jobs: limit.describe(
      'While so many run, submissions are refused. Jobs that were accepted before are not held back.',
    ),
    daily_cost_usd: maxCostUsd
      .nullable()
      .optional()
      .describe(
        'US dollars that jobs which end on one day, in UTC, may have cost before no new one is accepted. Absent: null.',
      ),
    weight: z
      .number()
      .min(0.001)
      .max(1_000)
      .optional()
      .describe('Part in the work of batches, in proportion to the weights of others. Absent: 1.'),
  })
  .meta({ id: 'TenantLimits' });
export const tenantParams = z.object({ tenant });
