import { fileURLToPath } from 'node:url';
import { type ServerConfig, serverConfig } from '@mcp-fleet/tools';

/** The sample sidecar as a configured server; it is ours, so its annotations count. */
export function mathServer(): ServerConfig {
  const main = fileURLToPath(new URL('./main.ts', import.meta.resolve('@mcp-fleet/mcp-math')));
  return serverConfig.parse({ command: process.execPath, args: [main], trusted: true });
}
