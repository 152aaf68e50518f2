import { existsSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { FleetError } from '@mcp-fleet/core';
import type { Environment } from './expand-variables.ts';
import { type ServerConfig, serverConfig } from './server-config.ts';

const endings = ['.py', '.js', '.mjs', '.cjs', '.ts', '.mts'];

/**
 * The server that a bare script path stands for. Python runs by `$PYTHON`, else by a `.venv` beside the
 * script, else by `python3`; JavaScript and TypeScript by this very Node.js. The name is the file's stem, with
 * everything but letters, digits, `_` and `-` made `-`.
 *
 * @throws FleetError `unknown_server` when there is no such file, `invalid_request` for another ending
 */
export function serverFromPath(path: string, env: Environment): { name: string; config: ServerConfig } {
  const ending = extname(path);
  if (!endings.includes(ending)) {
    throw new FleetError(
      'invalid_request',
      `Cannot tell how to run ${JSON.stringify(path)}: expected a path that ends in ${endings.join(', ')}. ` +
        'Describe any other server in an mcpServers file.',
    );
  }
  const full = resolve(path);
  if (!existsSync(full) || !statSync(full).isFile()) {
    throw new FleetError(
      'unknown_server',
      `There is no MCP server script at ${full}. Check the path, or name a server of the mcpServers file.`,
    );
  }
  const command = ending === '.py' ? python(full, env) : process.execPath;
  return { name: nameOf(full), config: serverConfig.parse({ command, args: [full] }) };
}

function python(script: string, env: Environment): string {
  if (env.PYTHON) return env.PYTHON;
  const beside = join(dirname(script), '.venv', 'bin', 'python');
  return existsSync(beside) ? beside : 'python3';
}

function nameOf(path: string): string {
  const stem = basename(path, extname(path));
  const clean = stem
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/_{2,}/g, '_')
    .replace(/^[-_]+|[-_]+$/g, '');
  return clean.slice(0, 40) || 'server';
}
