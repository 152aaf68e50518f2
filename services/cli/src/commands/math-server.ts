import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ServerConfig, serverConfig } from '@mcp-fleet/tools';

/** The sample sidecar as a configured server; it is ours, so its annotations count. */
export function mathServer(): ServerConfig {
  const index = fileURLToPath(import.meta.resolve('@mcp-fleet/mcp-math'));
  const main = join(dirname(index), `main${extname(index)}`);
  return serverConfig.parse({ command: process.execPath, args: [main], trusted: true });
}
