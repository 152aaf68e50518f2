import { existsSync } from 'node:fs';
import { FleetError } from '@mcp-fleet/core';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { HttpServerConfig, ServerConfig, StdioServerConfig } from './server-config.ts';
import type { StdioProcess } from './stdio-process.ts';

/** How a server is named in messages: its name and what it is, without anything that may be a secret. */
export function describeServer(name: string, config: ServerConfig): string {
  return `The MCP server ${JSON.stringify(name)} (${describeTarget(config)})`;
}

/** Arguments and URL queries may carry secrets; a first argument that is no option is the script. */
function describeTarget(config: ServerConfig): string {
  if (config.kind === 'http') {
    const { origin, pathname } = new URL(config.url);
    return origin + pathname;
  }
  const [first, ...more] = config.args;
  const script = first === undefined || /^-|=/.test(first) ? '' : ` ${first}`;
  const rest = more.length > 0 || (first !== undefined && script === '') ? ' …' : '';
  return config.command + script + rest;
}

/** What is known about a start that failed. */
export interface StartFailure {
  name: string;
  config: ServerConfig;
  error: unknown;
  /** The start took longer than `startTimeoutMs`. */
  timedOut: boolean;
  process: StdioProcess | undefined;
}

/** The `tool_server_unavailable` for a server that did not start: its name, the cause and the remedy. */
export function startFault(failure: StartFailure): FleetError {
  const { name, config, error, process } = failure;
  const cause = config.kind === 'stdio' ? stdioCause(failure, config, process) : httpCause(failure, config);
  return new FleetError(
    'tool_server_unavailable',
    `${describeServer(name, config)} did not start: ${cause.text}. ${cause.remedy}`,
    { cause: error, details: { server: name, ...exitDetails(process) } },
  );
}

interface Cause {
  text: string;
  remedy: string;
}

function stdioCause(
  { error, timedOut }: StartFailure,
  config: StdioServerConfig,
  process: StdioProcess | undefined,
): Cause {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (code === 'ENOENT' && config.cwd !== undefined && !existsSync(config.cwd)) {
    return { text: `its folder ${config.cwd} does not exist`, remedy: 'Correct "cwd" in its configuration.' };
  }
  if (code === 'ENOENT') {
    const text = `the command ${JSON.stringify(config.command)} was not found`;
    return { text, remedy: 'Install it, or give its full path as "command".' };
  }
  if (code === 'EACCES') {
    const text = `the command ${JSON.stringify(config.command)} may not be executed`;
    return { text, remedy: 'Make the file executable, or name its interpreter as "command".' };
  }
  const said = processSaid(process);
  if (process?.fault !== undefined) return { text: process.fault + said, remedy: junkRemedy };
  if (process?.exit !== undefined) {
    return { text: `it ended with ${exitText(process)} before it answered${said}`, remedy: runByHand };
  }
  if (timedOut) {
    const remedy = process?.firstJunk === undefined ? runByHand : junkRemedy;
    return { text: `it did not answer within ${config.startTimeoutMs} ms${said}`, remedy };
  }
  return { text: messageOf(error) + said, remedy: runByHand };
}

const runByHand = 'Run its command by hand to see what it needs, such as variables in "env".';
const junkRemedy = 'A stdio server may write only MCP messages to stdout: make it log to stderr.';

function httpCause({ error, timedOut }: StartFailure, config: HttpServerConfig): Cause {
  if (timedOut) {
    return { text: `it did not answer within ${config.startTimeoutMs} ms`, remedy: reachable };
  }
  if (error instanceof StreamableHTTPError) {
    const text = `it answered HTTP ${error.code}`;
    if (error.code === 401 || error.code === 403) {
      return { text, remedy: 'Check the credentials in its "headers".' };
    }
    const remedy = 'Check that its "url" is the Streamable HTTP endpoint, which often ends in /mcp.';
    return { text: `${text} (${error.message.slice(0, 300)})`, remedy };
  }
  return { text: messageOf(networkCause(error)), remedy: reachable };
}

const reachable = 'Check that it runs and that its "url" can be reached from here.';

/** The innermost cause of a failed `fetch`, which says more than "fetch failed". */
export function networkCause(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? networkCause(error.cause) : error;
}

/** How a process ended, in words. */
export function exitText(process: StdioProcess): string {
  const { code, signal } = process.exit ?? { code: null, signal: null };
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}

/** What a process printed, for the end of a clause: junk on stdout and the tail of stderr. */
export function processSaid(process: StdioProcess | undefined): string {
  const junk = process?.firstJunk;
  const tail = process?.stderrTail ?? '';
  return (
    (junk === undefined ? '' : `; on stdout it printed ${JSON.stringify(junk)}, which is no MCP message`) +
    (tail === '' ? '' : `; on stderr it wrote: ${tail}`)
  );
}

function exitDetails(process: StdioProcess | undefined): Record<string, unknown> {
  if (process?.exit === undefined) return {};
  return { exitCode: process.exit.code, signal: process.exit.signal };
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.replace(/\.$/, '');
}
