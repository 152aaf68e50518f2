import { agentSettings, agentSpec } from '@mcp-fleet/core';
import { z } from 'zod';
import { shownTime } from './common.ts';

const name = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/, 'expected letters, digits, ., _ and -');

/** As in the configuration file, without what the path and the store say. */
export const saveAgent = agentSettings.meta({
  id: 'AgentSettings',
  description: 'What is left out is that of the agent `default`.',
});

export const agentParams = z.object({ name });

export const agentQuery = z.object({
  version: z.coerce.number().int().min(1).max(2_147_483_647).optional().describe('Absent: the newest.'),
});

export const agent = z
  .object({
    id: z.string().describe('The name.'),
    type: z.literal('agent'),
    version: z.int(),
    source: z.enum(['config', 'api']),
    settings: agentSpec.omit({ name: true, version: true }),
    created_at: shownTime.nullable().describe('Null for an agent of the configuration file.'),
  })
  .meta({ id: 'Agent' });
export type AgentView = z.infer<typeof agent>;

export const deletedAgent = z.object({ id: z.string(), type: z.literal('agent_deleted') });
