import type { FleetClient } from '@mcp-fleet/client';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { createMcpServer } from './create-mcp-server.ts';

/**
 * Serves MCP over this process's stdin and stdout. Resolves when stdin has ended; calls that are in flight
 * then are given up, and their jobs go on.
 */
export async function serveMcpStdio(client: FleetClient): Promise<void> {
  const server = createMcpServer(client);
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
    server.server.onclose = resolve;
  });
  await server.connect(new StdioServerTransport());
  await ended;
  await server.close();
  process.stdin.destroy();
}
