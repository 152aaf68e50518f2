import { FleetError } from '@mcp-fleet/core';
import type { TokenParams } from '../schemas/messages.ts';

type Servers = NonNullable<TokenParams['mcp_servers']>;
type Toolset = NonNullable<TokenParams['tools']>[number];

/**
 * The agent's `tools` for the servers that a request names, all of a server's or those that it chooses. Throws
 * `invalid_request` for a name that is not configured, as far as that is known here.
 */
export function allowedTools(
  {
    mcp_servers: servers = [],
    tools = [],
    tool_choice,
  }: Pick<TokenParams, 'mcp_servers' | 'tools' | 'tool_choice'>,
  configured: readonly string[] | null,
): string[] {
  for (const [at, { name }] of servers.entries()) {
    if (configured !== null && !configured.includes(name)) throw unknownServer(at, name, configured);
  }
  for (const [at, { mcp_server_name: name }] of tools.entries()) {
    if (servers.some((server) => server.name === name)) continue;
    throw refused(`tools.${at}.mcp_server_name: mcp_servers has no ${JSON.stringify(name)}`);
  }
  if (tool_choice?.type === 'none') return [];
  return servers.flatMap((server) => {
    const toolset = tools.find(({ mcp_server_name }) => mcp_server_name === server.name);
    return toolset === undefined ? byConfiguration(server) : byToolset(server.name, toolset);
  });
}

function byConfiguration({ name, tool_configuration }: Servers[number]): string[] {
  if (tool_configuration?.enabled === false) return [];
  return tool_configuration?.allowed_tools?.map((tool) => `${name}__${tool}`) ?? [`${name}__*`];
}

/** An agent's tools say what is allowed, so that nothing can be taken out of all. */
function byToolset(name: string, { default_config, configs }: Toolset): string[] {
  const chosen = Object.entries(configs ?? {});
  if (default_config?.enabled === false) {
    return chosen.filter(([, { enabled }]) => enabled === true).map(([tool]) => `${name}__${tool}`);
  }
  const off = chosen.find(([, { enabled }]) => enabled === false);
  if (off === undefined) return [`${name}__*`];
  throw refused(
    `tools: ${off[0]} of ${name} cannot be taken out of all. Set default_config.enabled to false, and enable the tools that are to be offered`,
  );
}

const unknownServer = (at: number, name: string, configured: readonly string[]) =>
  refused(
    `mcp_servers.${at}.name: there is no MCP server ${JSON.stringify(name)}. Its operator has configured: ${configured.join(', ') || 'none'}`,
  );

const refused = (message: string) => new FleetError('invalid_request', `${message}.`);
