import { busyPolicies } from '@mcp-fleet/core';
import { z } from 'zod';
import { contentBlock, id, metadata, shownTime } from './common.ts';

const ttl = z.int().min(1).max(315_360_000).nullable();
const ttlText =
  'Seconds after which the session is deleted with everything in it when no job of it was accepted or ended and it was not changed; null: it is kept.';

export const createSession = z
  .strictObject({
    agent: z.string().max(64).default('default'),
    on_busy: z.enum(busyPolicies).default('enqueue'),
    metadata: metadata.default({}),
    ttl_seconds: ttl.default(null).describe(ttlText),
  })
  .meta({ id: 'NewSession' });

export const updateSession = z
  .strictObject({
    on_busy: z.enum(busyPolicies).optional(),
    metadata: metadata.optional().describe('Takes the place of all metadata.'),
    ttl_seconds: ttl.optional().describe(ttlText),
  })
  .meta({ id: 'SessionChange' });

export const forkSession = z
  .strictObject({
    until_job: id.optional().describe('The last job whose messages the fork has; absent: all.'),
    until_message: z
      .string()
      .max(80)
      .optional()
      .describe(
        'Instead of a job, the last message that the fork has: a reply, or tool results. The results of the calls that a reply asks for come with it, in the middle of a turn as well. A message that ends with a query is refused: fork at the one before, and send the query again.',
      ),
    metadata: metadata.optional().describe("Instead of the session's."),
  })
  .refine(
    ({ until_job, until_message }) => until_job === undefined || until_message === undefined,
    'expected until_job or until_message, not both',
  )
  .meta({ id: 'SessionFork', not: { required: ['until_job', 'until_message'] } });

export const session = z
  .object({
    id: z.string(),
    type: z.literal('session'),
    agent: z.string(),
    on_busy: z.enum(busyPolicies),
    active_job: z.string().nullable(),
    metadata,
    ttl_seconds: z.int().nullable(),
    expires_at: shownTime.nullable().describe('Null while a job has not ended, and without `ttl_seconds`.'),
    created_at: shownTime,
    updated_at: shownTime,
  })
  .meta({ id: 'Session' });
export type SessionView = z.infer<typeof session>;

export const deletedSession = z.object({ id: z.string(), type: z.literal('session_deleted') });

export const message = z
  .object({
    id: z.string().describe('Names the message in a fork; never changes.'),
    job_id: z.string(),
    role: z.enum(['user', 'assistant']),
    content: z.array(contentBlock),
  })
  .meta({ id: 'Message' });
