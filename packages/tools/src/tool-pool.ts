import { FleetError, type ToolOutput } from '@mcp-fleet/core';
import { SessionLost } from './call-fault.ts';
import { orAbort } from './deadline.ts';
import type { McpConnection, SentCall } from './mcp-connection.ts';
import { ServerConnections, type ServerOptions } from './server-connections.ts';
import { describeServer } from './start-fault.ts';
import { type CatalogTool, catalog } from './tool-catalog.ts';
import type { ServerStatus } from './tool-server-event.ts';

/** One server as all jobs of a worker share it: its tool list, kept until it changes, and its connections. */
export class ToolPool {
  readonly name: string;
  private readonly options: ServerOptions;
  private readonly connections: ServerConnections;
  private listed: CatalogTool[] | undefined;
  private listing: Promise<CatalogTool[]> | undefined;
  /** Raised by every change, so that a list asked for before a change is not kept after it. */
  private version = 0;

  constructor(options: ServerOptions) {
    this.name = options.name;
    this.options = options;
    this.connections = new ServerConnections(options);
    this.connections.onToolsChanged = () => {
      this.version += 1;
      this.listed = undefined;
    };
  }

  /**
   * What the server offers, in order; the same array until something changes. Starts a server that is down,
   * so that a job does not begin with tools that cannot be called.
   *
   * @throws FleetError `tool_server_unavailable`
   */
  async tools(signal: AbortSignal): Promise<readonly CatalogTool[]> {
    if (this.listed !== undefined && this.connections.all.length > 0) return this.listed;
    this.listing ??= this.list().finally(() => {
      this.listing = undefined;
    });
    return this.unlessAborted(orAbort(this.listing, signal));
  }

  /**
   * Sends a call. When the server has forgotten the session, which means that it did nothing, the call is sent
   * once more, in a new session.
   *
   * @throws FleetError `tool_server_unavailable`, `tool_outcome_unknown`
   */
  async call(call: SentCall, signal: AbortSignal): Promise<ToolOutput> {
    const send = () => this.connections.use((connection) => connection.call(call, signal), signal);
    const output = await this.unlessAborted(this.inSession(send));
    this.connections.noteAnswer();
    return output;
  }

  status(): ServerStatus {
    const { all, starts, lastError } = this.connections;
    return {
      name: this.name,
      transport: this.options.config.kind,
      state: this.state(),
      tools: this.listed?.length ?? 0,
      connections: all.length,
      inFlight: all.reduce((sum, { inFlight }) => sum + inFlight, 0),
      restarts: Math.max(0, starts - 1),
      pids: all.flatMap(({ process }) => process?.pid ?? []),
      ...(lastError === undefined || all.length > 0 ? {} : { error: lastError.message }),
    };
  }

  /** Resolves when no process of the server is left. */
  stop(): Promise<void> {
    return this.connections.stop();
  }

  private state(): ServerStatus['state'] {
    if (this.connections.stopping.signal.aborted) return 'stopped';
    if (this.connections.all.length > 0) return 'ready';
    if (this.connections.isStarting) return 'starting';
    return this.connections.lastError === undefined ? 'idle' : 'down';
  }

  private list(): Promise<CatalogTool[]> {
    const { signal } = this.connections.stopping;
    const ask = async (connection: McpConnection) => {
      const { version } = this;
      const tools = catalog(this.name, this.options.config, await connection.tools(signal));
      if (version === this.version) this.listed = tools;
      return tools;
    };
    return this.inSession(() => this.connections.use(ask, signal));
  }

  private async inSession<Value>(work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
    }
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof SessionLost)) throw error;
      throw this.unavailable('does not know the session that it has just begun', error);
    }
  }

  /** Makes an aborted wait a fault of the port. */
  private async unlessAborted<Value>(work: Promise<Value>): Promise<Value> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof FleetError) throw error;
      const stopped = this.connections.stopping.signal.aborted;
      throw this.unavailable(
        stopped ? 'was stopped with the fleet' : 'was not asked: the job was cancelled',
        error,
      );
    }
  }

  private unavailable(what: string, cause: unknown): FleetError {
    const server = describeServer(this.name, this.options.config);
    return new FleetError('tool_server_unavailable', `${server} ${what}.`, { cause });
  }
}
