import {
  FleetError,
  type ToolCall,
  type ToolDefinition,
  type ToolOutput,
  type ToolProgress,
  type ToolProvider,
  type Toolset,
} from '@mcp-fleet/core';
import type { ServersConfig } from './config.ts';
import type { Environment } from './expand-variables.ts';
import type { CatalogTool } from './tool-catalog.ts';
import { compareTools, concerns, isAllowed, mayBelongTo } from './tool-names.ts';
import { errorOutput } from './tool-output.ts';
import { ToolPool } from './tool-pool.ts';
import type { ServerStatus, ToolServerEvent } from './tool-server-event.ts';
import { toToolset } from './toolset.ts';

export interface ToolProviderOptions {
  servers: ServersConfig;
  /** Where a few base variables of child processes come from, such as `process.env`. */
  env: Environment;
  /** Told each line that a stdio server writes to stderr. */
  onLog?: (server: string, line: string) => void;
  onEvent?: (event: ToolServerEvent) => void;
}

/** The tools of the configured servers, with a lifetime. */
export interface McpToolProvider extends ToolProvider {
  /** What is offered under this name, by the configuration as it is; asks no server that cannot have it. */
  offered(name: string, signal: AbortSignal): Promise<ToolDefinition | undefined>;
  /** Starts every server ahead of its first use, at once. Never throws: a status says what is down. */
  start(): Promise<ServerStatus[]>;
  status(): ServerStatus[];
  /** Ends every connection and process, for good. Idempotent; resolves when nothing is left. */
  stop(): Promise<void>;
}

/**
 * The ToolProvider over MCP servers. Connections are shared by all jobs of the process and start lazily.
 * Besides what the port says, `list` throws `unknown_server` for an allowed pattern that names no server.
 */
export function createToolProvider(options: ToolProviderOptions): McpToolProvider {
  return new PooledTools(options);
}

/** Toolsets kept for repeated lists; there is one for every different list of allowed patterns. */
const mostToolsets = 1000;

class PooledTools implements McpToolProvider {
  private readonly pools: ToolPool[];
  private readonly onEvent: (event: ToolServerEvent) => void;
  private readonly toolsets = new Map<string, { from: (readonly CatalogTool[])[]; toolset: Toolset }>();

  constructor({ servers, env, onLog, onEvent = () => undefined }: ToolProviderOptions) {
    this.onEvent = onEvent;
    this.pools = Object.entries(servers).map(
      ([name, config]) =>
        new ToolPool({
          name,
          config,
          env,
          onLog: (line) => onLog?.(name, line),
          onEvent,
        }),
    );
  }

  async start(): Promise<ServerStatus[]> {
    const never = new AbortController().signal;
    await Promise.allSettled(this.pools.map((pool) => pool.tools(never)));
    return this.status();
  }

  status(): ServerStatus[] {
    return this.pools.map((pool) => pool.status());
  }

  async stop(): Promise<void> {
    await Promise.all(this.pools.map((pool) => pool.stop()));
  }

  async list(allowed: readonly string[] | undefined, signal: AbortSignal): Promise<Toolset> {
    const pools = this.allowedPools(allowed);
    const lists = await Promise.all(pools.map((pool) => pool.tools(signal)));
    const key = JSON.stringify(allowed ?? null);
    const known = this.toolsets.get(key);
    if (known?.from.every((list, index) => list === lists[index])) return known.toolset;
    const tools = lists.flat().filter(({ server, tool }) => isAllowed(allowed, server, tool));
    const toolset = toToolset(tools.sort(compareTools).map(({ definition }) => definition));
    if (this.toolsets.size >= mostToolsets) this.toolsets.clear();
    this.toolsets.set(key, { from: lists, toolset });
    return toolset;
  }

  async offered(name: string, signal: AbortSignal): Promise<ToolDefinition | undefined> {
    return (await this.find(name, signal))?.tool.definition;
  }

  async call(
    call: ToolCall,
    signal: AbortSignal,
    onProgress?: (progress: ToolProgress) => void,
  ): Promise<ToolOutput> {
    const found = await this.find(call.name, signal);
    if (found === undefined) {
      return errorOutput(
        `There is no tool named ${JSON.stringify(call.name)}. Use one of the offered tools.`,
      );
    }
    const { pool, tool } = found;
    const misfit = tool.check(call.input);
    if (misfit !== undefined) return errorOutput(misfit);
    const { input, idempotencyKey, trace } = call;
    const timeoutMs = Math.min(call.timeoutMs, tool.timeoutMs ?? call.timeoutMs);
    const sent = pool.call({ tool: tool.tool, input, idempotencyKey, timeoutMs, trace, onProgress }, signal);
    return this.told(pool.name, sent);
  }

  /** Tells what came of a call. */
  private async told(server: string, sent: Promise<ToolOutput>): Promise<ToolOutput> {
    const began = performance.now();
    const tell = (outcome: 'ok' | 'error' | 'failed') =>
      this.onEvent({ type: 'call_ended', server, outcome, ms: performance.now() - began });
    try {
      const output = await sent;
      tell(output.isError ? 'error' : 'ok');
      return output;
    } catch (thrown) {
      tell('failed');
      throw thrown;
    }
  }

  private allowedPools(allowed: readonly string[] | undefined): ToolPool[] {
    const strange = allowed?.find((pattern) => !this.pools.some(({ name }) => concerns(pattern, name)));
    if (strange !== undefined) {
      const names = this.pools.map(({ name }) => name).join(', ') || 'none';
      throw new FleetError(
        'unknown_server',
        `The agent is allowed ${JSON.stringify(strange)}, which names no configured MCP server. ` +
          `Configured: ${names}. Correct the agent's tools, or add the server to mcpServers.`,
      );
    }
    return this.pools.filter(
      ({ name }) => allowed === undefined || allowed.some((pattern) => concerns(pattern, name)),
    );
  }

  /** Asks only the servers that an offered name may come from: a job may bring names from another worker. */
  private async find(name: string, signal: AbortSignal) {
    for (const pool of this.pools) {
      if (!mayBelongTo(name, pool.name)) continue;
      const tool = (await pool.tools(signal)).find(({ definition }) => definition.name === name);
      if (tool !== undefined) return { pool, tool };
    }
    return undefined;
  }
}
