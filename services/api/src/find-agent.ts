import { type AgentSpec, FleetError } from '@mcp-fleet/core';
import type { ApiParts } from './parts.ts';

/** The agent of the configuration file, else the tenant's newest of that name. Throws `not_found`. */
export async function findAgent(
  { agents, store }: Pick<ApiParts, 'agents' | 'store'>,
  tenant: string,
  name: string,
): Promise<AgentSpec> {
  const agent = agents.get(name) ?? (await store.agent(tenant, name, null))?.spec;
  if (agent) return agent;
  const known = [
    ...agents.keys(),
    ...(await store.agents(tenant, { limit: 20 })).map(({ spec }) => spec.name),
  ];
  throw new FleetError(
    'not_found',
    `There is no agent named ${JSON.stringify(name)}. Known: ${known.join(', ')}.`,
  );
}
