import { type AgentSettings, type AgentSpec, agentSettings, agentSpec } from '@mcp-fleet/core';
import { z } from 'zod';
import { shownTime } from './common.ts';
import { fromSnakeCase, inSnakeCase, toSnakeCase } from './snake-case.ts';

const name = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/, 'expected letters, digits, ., _ and -');

/** The fields of the configuration file in the form of the API, without what the path and the store say. */
export const saveAgent = inSnakeCase(agentSettings)
  .meta({ id: 'AgentSettings', description: 'What is left out is that of the agent `default`.' })
  .transform((settings) => fromSnakeCase(agentSettings, settings) as AgentSettings);

const shownSettings = agentSpec.omit({ name: true, version: true });

/** An agent's settings as the API shows them. */
export const settingsView = (settings: Omit<AgentSpec, 'name' | 'version'>) =>
  toSnakeCase(shownSettings, settings);

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
    settings: inSnakeCase(shownSettings),
    created_at: shownTime.nullable().describe('Null for an agent of the configuration file.'),
  })
  .meta({ id: 'Agent' });
export type AgentView = z.infer<typeof agent>;

export const deletedAgent = z.object({ id: z.string(), type: z.literal('agent_deleted') });
