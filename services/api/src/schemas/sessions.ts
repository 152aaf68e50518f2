import { busyPolicies } from '@mcp-fleet/core';
import { z } from 'zod';
import { contentBlock, id, metadata, shownTime } from './common.ts';

export const createSession = z
  .strictObject({
    agent: z.string().max(64).default('default'),
    on_busy: z.enum(busyPolicies).default('enqueue'),
    metadata: metadata.default({}),
  })
  .meta({ id: 'NewSession' });

export const updateSession = z
  .strictObject({
    on_busy: z.enum(busyPolicies).optional(),
    metadata: metadata.optional().describe('Takes the place of all metadata.'),
  })
  .meta({ id: 'SessionChange' });

export const forkSession = z
  .strictObject({
    until_job: id.optional().describe('The last job whose messages the fork has; absent: all.'),
    metadata: metadata.optional().describe("Instead of the session's."),
  })
  .meta({ id: 'SessionFork' });

export const session = z
  .object({
    id: z.string(),
    type: z.literal('session'),
    agent: z.string(),
    on_busy: z.enum(busyPolicies),
    active_job: z.string().nullable(),
    metadata,
    created_at: shownTime,
    updated_at: shownTime,
  })
  .meta({ id: 'Session' });
export type SessionView = z.infer<typeof session>;

export const deletedSession = z.object({ id: z.string(), type: z.literal('session_deleted') });

export const message = z
  .object({ job_id: z.string(), role: z.enum(['user', 'assistant']), content: z.array(contentBlock) })
  .meta({ id: 'Message' });
