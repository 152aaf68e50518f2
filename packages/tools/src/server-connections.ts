import { backoffMs, FleetError, toFleetError } from '@mcp-fleet/core';
import { orAbort } from './deadline.ts';
import type { Environment } from './expand-variables.ts';
import { McpConnection } from './mcp-connection.ts';
import type { ServerConfig } from './server-config.ts';
import { describeServer } from './start-fault.ts';
import type { ToolServerEvent } from './tool-server-event.ts';

export interface ServerOptions {
  name: string;
  config: ServerConfig;
  env: Environment;
  onLog: (line: string) => void;
  onEvent: (event: ToolServerEvent) => void;
}

/**
 * The connections to one server: at most `config.connections`, each started when it is first needed. After a
 * failure the next start is allowed at once, after more in a row only when a growing wait is over.
 */
export class ServerConnections {
  /** Told when the tool list may have changed: the server said so, or it was started anew. */
  onToolsChanged: () => void = () => undefined;
  readonly stopping = new AbortController();
  starts = 0;
  lastError: FleetError | undefined;

  private readonly options: ServerOptions;
  private readonly open = new Set<McpConnection>();
  private readonly leaving = new Set<McpConnection>();
  private opening: Promise<McpConnection> | undefined;
  private failures = 0;
  private notBefore = 0;

  constructor(options: ServerOptions) {
    this.options = options;
  }

  get all(): McpConnection[] {
    return [...this.open];
  }

  get isStarting(): boolean {
    return this.opening !== undefined;
  }

  /**
   * Works with the connection that has the least to do. The first one is waited for; while it is busy, a
   * further one is started beside it, up to the configured number.
   *
   * @throws FleetError `tool_server_unavailable`, with `retryAfterMs` while a wait is on
   */
  async use<Value>(work: (connection: McpConnection) => Promise<Value>, signal: AbortSignal): Promise<Value> {
    const connection = this.reserve() ?? (await this.reserveNew(signal));
    try {
      return await work(connection);
    } finally {
      connection.release();
    }
  }

  /** An answer came: whatever went wrong before is over. */
  noteAnswer(): void {
    this.failures = 0;
  }

  /** Ends every connection, for good; resolves when no process of the server is left. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('it was stopped'));
    await this.opening?.catch(() => undefined);
    await Promise.all([...this.open, ...this.leaving].map((connection) => connection.close()));
    this.open.clear();
  }

  private reserve(): McpConnection | undefined {
    const [best] = this.all.sort((a, b) => a.inFlight - b.inFlight);
    const enough = this.open.size >= this.options.config.connections;
    if (best !== undefined && best.inFlight > 0 && !enough && this.waitMs() === 0) {
      // Its failure is noted; the calls go over the connections that there are.
      this.openAnother().catch(() => undefined);
    }
    best?.reserve();
    return best;
  }

  private async reserveNew(signal: AbortSignal): Promise<McpConnection> {
    const opened = await orAbort(this.openAnother(), signal);
    const connection = this.reserve() ?? opened;
    if (connection.inFlight === 0) connection.reserve();
    return connection;
  }

  private openAnother(): Promise<McpConnection> {
    this.opening ??= this.start().finally(() => {
      this.opening = undefined;
    });
    return this.opening;
  }

  private async start(): Promise<McpConnection> {
    this.refuseToStart();
    const { name, onEvent } = this.options;
    const begun = performance.now();
    this.starts += 1;
    try {
      const connection = await this.connect();
      onEvent({ type: 'server_started', server: name, ms: Math.round(performance.now() - begun) });
      return connection;
    } catch (thrown) {
      const error = toFleetError(thrown);
      this.noteFailure(error);
      onEvent({ type: 'server_failed', server: name, error });
      throw error;
    }
  }

  private refuseToStart(): void {
    const server = describeServer(this.options.name, this.options.config);
    if (this.stopping.signal.aborted) {
      throw new FleetError('tool_server_unavailable', `${server} was stopped with the fleet.`);
    }
    const retryAfterMs = this.waitMs();
    if (retryAfterMs === 0) return;
    const message = `${this.lastError?.message} It is tried again in ${retryAfterMs} ms.`;
    throw new FleetError('tool_server_unavailable', message, { cause: this.lastError, retryAfterMs });
  }

  private async connect(): Promise<McpConnection> {
    const { name, config, env, onLog, onEvent } = this.options;
    const connection: McpConnection = await McpConnection.open(
      {
        name,
        config,
        env,
        onLog,
        onJunk: (line) => onEvent({ type: 'stdout_junk', server: name, line }),
        onToolsChanged: () => {
          onEvent({ type: 'tools_changed', server: name });
          this.onToolsChanged();
        },
        onLost: (reason) => this.noteLoss(connection, reason),
      },
      this.stopping.signal,
    );
    if (this.open.size === 0) this.onToolsChanged();
    this.open.add(connection);
    return connection;
  }

  private noteLoss(connection: McpConnection, reason: string): void {
    const { name, config, onEvent } = this.options;
    this.open.delete(connection);
    this.leaving.add(connection);
    void connection.closed.then(() => this.leaving.delete(connection));
    const message = `The connection to ${describeServer(name, config)} was lost: ${reason}.`;
    this.noteFailure(new FleetError('tool_server_unavailable', message));
    onEvent({ type: 'server_lost', server: name, reason });
  }

  private noteFailure(error: FleetError): void {
    this.lastError = error;
    this.failures += 1;
    if (this.failures < 2) return;
    // Not below half of the ceiling: full jitter would let some callers hammer a server that is down.
    this.notBefore = performance.now() + backoffMs(this.failures - 1, 0.5 + Math.random() / 2);
  }

  private waitMs(): number {
    return Math.max(0, Math.ceil(this.notBefore - performance.now()));
  }
}
