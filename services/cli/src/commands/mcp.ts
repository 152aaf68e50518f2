import type { Command } from 'commander';
import { connect, type FleetOptions } from '../connect.ts';
import { createOutput } from '../output.ts';
import { withFleet, withServers } from './options.ts';

interface McpOptions extends FleetOptions {
  server?: string[];
}

export function mcpCommand(program: Command): void {
  const command = program
    .command('mcp')
    .summary('serve the fleet to an MCP client over stdio')
    .description(
      'Speaks MCP over stdin and stdout, so that an MCP client can submit jobs and wait for them. Ends when stdin is closed. A running fleet serves the same over HTTP at /mcp.',
    );
  withFleet(withServers(command, 'MCP server (.py, .js, .ts) for agents of a fleet of its own')).action(mcp);
}

async function mcp(options: McpOptions): Promise<void> {
  const connection = await connect(options, options.server ?? [], createOutput(false));
  try {
    const { serveMcpStdio } = await import('@mcp-fleet/api');
    await serveMcpStdio(connection.client);
  } finally {
    await connection.close();
  }
}
