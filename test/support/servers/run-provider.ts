// Starts a stdio server by the tool provider, prints its process id and stays, so that a test can kill it.
// Usage: node run-provider.ts SCRIPT MODE
import { createToolProvider, parseServersConfig } from '@mcp-fleet/tools';

const args = process.argv.slice(2);
const text = JSON.stringify({ mcpServers: { nasty: { command: process.execPath, args } } });
const tools = createToolProvider({ servers: parseServersConfig(text, 'test', {}), env: process.env });
const [status] = await tools.start();
console.log(status?.pids[0]);
