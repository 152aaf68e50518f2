import { toolSafety, unknownOutcomePolicy } from '@mcp-fleet/core';
import { z } from 'zod';

/** What the operator says about one tool. It outranks the server's own annotations. */
export const toolConfig = z.strictObject({
  safety: toolSafety.optional(),
  unknownOutcome: unknownOutcomePolicy.optional(),
  /** Whether a call has to be approved before it is sent; `destructive`: when the tool is unsafe. */
  approval: z.enum(['never', 'always', 'destructive']).default('never'),
  /** Milliseconds in which a call can be approved; overrides the agent's `approvalExpiresMs`. */
  approvalExpiresMs: z.int().min(10).max(31_622_400_000).optional(),
  /** Milliseconds for one call; shortens the agent's `toolTimeoutMs`, never lengthens it. */
  timeoutMs: z.int().min(1).max(86_400_000).optional(),
  /** False hides the tool. */
  enabled: z.boolean().default(true),
});
export type ToolConfig = z.infer<typeof toolConfig>;

const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const known = {
  command: z.string().min(1).optional(),
  args: z.array(text).default([]),
  env: z.record(z.string(), text).default({}),
  cwd: z.string().min(1).optional(),
  url: z.url({ protocol: /^https?$/, error: 'expected an http:// or https:// URL' }).optional(),
  headers: z.record(z.string(), text).default({}),
  type: z.string().optional(),
  transport: z.string().optional(),
  disabled: z.boolean().default(false),
  trusted: z.boolean().default(false),
  tools: z.record(z.string(), toolConfig).default({}),
  timeoutMs: z.int().min(1).max(86_400_000).optional(),
  startTimeoutMs: z.int().min(1).max(600_000).default(30_000),
  connections: z.int().min(1).max(64).default(1),
};

interface Common {
  /** Whether the server's annotations count. */
  trusted: boolean;
  tools: Record<string, ToolConfig>;
  /** Milliseconds for one call of any tool; shortens the agent's limit, never lengthens it. */
  timeoutMs: number | undefined;
  /** Milliseconds until the server has to have answered `initialize` and `tools/list`. */
  startTimeoutMs: number;
  /** Connections (for stdio: processes) that a worker keeps at most. */
  connections: number;
}

/** A server that is a child process. It gets a few base variables and `env`, nothing else. */
export interface StdioServerConfig extends Common {
  kind: 'stdio';
  command: string;
  args: string[];
  env: Record<string, string>;
  cwd: string | undefined;
}

/** A server behind Streamable HTTP. */
export interface HttpServerConfig extends Common {
  kind: 'http';
  url: string;
  headers: Record<string, string>;
}

export type ServerConfig = StdioServerConfig | HttpServerConfig;

/**
 * One entry of `mcpServers` in the ecosystem's form, with the fleet's own optional keys. Keys that only other
 * clients know are ignored. Parses into a ServerConfig with every default filled in.
 */
export const serverConfig = z.looseObject(known).transform((entry, context): ServerConfig => {
  const { trusted, tools, timeoutMs, startTimeoutMs, connections, command, url } = entry;
  const common: Common = { trusted, tools, timeoutMs, startTimeoutMs, connections };
  const problem = misfit(entry);
  if (problem !== undefined) context.addIssue({ code: 'custom', ...problem });
  if (url !== undefined) return { kind: 'http', url, headers: entry.headers, ...common };
  return {
    kind: 'stdio',
    command: command ?? '',
    args: entry.args,
    env: entry.env,
    cwd: entry.cwd,
    ...common,
  };
});

const transports: Record<string, 'command' | 'url'> = {
  stdio: 'command',
  local: 'command',
  http: 'url',
  'streamable-http': 'url',
  streamableHttp: 'url',
  streamable_http: 'url',
};

function misfit(entry: {
  command?: string | undefined;
  url?: string | undefined;
  type?: string | undefined;
  transport?: string | undefined;
}): { message: string; path?: string[] } | undefined {
  const { command, url } = entry;
  if ((command === undefined) === (url === undefined)) {
    return { message: 'expected either "command" (a program to run) or "url" (a Streamable HTTP endpoint)' };
  }
  for (const key of ['type', 'transport'] as const) {
    const named = entry[key];
    if (named === undefined) continue;
    if (named === 'sse') {
      const message =
        'HTTP+SSE was replaced in MCP 2025-03-26; use the server\'s Streamable HTTP endpoint and "http"';
      return { message, path: [key] };
    }
    const needs = transports[named];
    if (needs === undefined) return { message: 'expected "stdio" or "http"', path: [key] };
    if (entry[needs] === undefined)
      return { message: `${JSON.stringify(named)} needs "${needs}"`, path: [key] };
  }
  return undefined;
}
