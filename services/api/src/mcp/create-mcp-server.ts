import type { FleetClient } from '@mcp-fleet/client';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { addJobTools } from './job-tools.ts';
import { addSessionTools } from './session-tools.ts';

const instructions = `A fleet of workers that runs agent jobs from a durable queue. submit_job hands a query to an agent and returns a job id; wait_for_job waits for the answer. Jobs go on when nobody waits. For a conversation, create_session and submit each query with its session_id.`;

/**
 * The fleet as an MCP server, not yet connected. It keeps no state between calls: all that it does, it does
 * through the client, so it reaches whatever the client reaches, as whom the client is.
 */
export function createMcpServer(client: FleetClient): McpServer {
  const server = new McpServer({ name: 'mcp-fleet', version: '0.1.0' }, { instructions });
  addJobTools(server, client);
  addSessionTools(server, client);
  return server;
}
