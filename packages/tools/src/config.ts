import { FleetError } from '@mcp-fleet/core';
import { z } from 'zod';
import { type Environment, expandVariables } from './expand-variables.ts';
import { findJsonError } from './json-error.ts';
import { type ServerConfig, serverConfig } from './server-config.ts';

/** The enabled servers of a configuration by name. */
export type ServersConfig = Record<string, ServerConfig>;

const expanded = ['command', 'args', 'env', 'cwd', 'url', 'headers'];
const name = z.string().min(1).max(128);
const file = z.looseObject({ mcpServers: z.record(name, z.looseObject({})) });
const remedy = 'Correct the file, then start again.';

/**
 * Reads a file of the form `{"mcpServers": {"name": {"command", "args", "env"} | {"url", "headers"}}}`.
 * `${NAME}` and `${NAME:-default}` are expanded in command, args, env, cwd, url and headers. Disabled servers
 * are left out.
 *
 * @param fileName only named in errors
 * @throws FleetError `invalid_config` that lists each misfit with its key path, what was expected and what to do
 */
export function parseServersConfig(text: string, fileName: string, env: Environment): ServersConfig {
  const { mcpServers } = parsed(file, parseJson(text, fileName), fileName, []);
  const enabled = Object.entries(mcpServers).filter(([, entry]) => entry.disabled !== true);
  const ready = enabled.map(([server, entry]) => [server, expandEntry(server, entry, fileName, env)]);
  const servers = z.record(name, serverConfig);
  return parsed(servers, Object.fromEntries(ready), fileName, ['mcpServers']);
}

function parseJson(text: string, fileName: string): unknown {
  const plain = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(plain);
  } catch (thrown) {
    const place = findJsonError(plain);
    if (place === undefined) throw thrown;
    throw new FleetError(
      'invalid_config',
      `${fileName}:${place.line}:${place.column}: expected JSON, but found ${place.found}. ${remedy}`,
      { details: { file: fileName, line: place.line, column: place.column } },
    );
  }
}

function expandEntry(
  server: string,
  entry: Record<string, unknown>,
  fileName: string,
  env: Environment,
): Record<string, unknown> {
  const missing: string[] = [];
  const pairs = Object.entries(entry).map(([key, value]) => {
    if (!expanded.includes(key)) return [key, value];
    const path = `mcpServers.${server}.${key}`;
    const note = (variable: string, at: string) => missing.push(`${at}: the variable ${variable} is not set`);
    return [key, expandVariables(value, env, path, note)];
  });
  if (missing.length > 0) {
    const hint = `Set it in the environment, or give a default as \${NAME:-default}.`;
    throw invalid(fileName, missing, hint);
  }
  return Object.fromEntries(pairs);
}

function parsed<Output>(schema: z.ZodType<Output>, value: unknown, fileName: string, base: string[]): Output {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const misfits = result.error.issues.map((issue) => {
    const path = [...base, ...issue.path.map(String)].join('.');
    return `${path === '' ? 'the whole file' : path}: ${issue.message}`;
  });
  throw invalid(fileName, misfits, remedy);
}

function invalid(fileName: string, misfits: string[], hint: string): FleetError {
  const shown = misfits.slice(0, 10).join('; ');
  const more = misfits.length > 10 ? ` (and ${misfits.length - 10} more)` : '';
  return new FleetError('invalid_config', `${fileName}: ${shown}${more}. ${hint}`, {
    details: { file: fileName, misfits },
  });
}
