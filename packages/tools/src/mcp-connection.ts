import type { FleetError, ToolOutput, ToolProgress } from '@mcp-fleet/core';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import {
  type CallEnd,
  classifyCallError,
  notActedOn,
  outcomeUnknown,
  type ServerNames,
  SessionLost,
} from './call-fault.ts';
import { orAbort, startDeadline } from './deadline.ts';
import type { Environment } from './expand-variables.ts';
import { HttpTransport } from './http-transport.ts';
import { type ListedTool, listTools } from './list-tools.ts';
import type { ServerConfig } from './server-config.ts';
import { describeServer, exitText, processSaid, startFault } from './start-fault.ts';
import { StdioProcess } from './stdio-process.ts';
import { callResult, errorOutput, toToolOutput } from './tool-output.ts';

const pingMs = 10_000;

export interface ConnectionOptions {
  name: string;
  config: ServerConfig;
  env: Environment;
  onLog: (line: string) => void;
  onJunk: (line: string) => void;
  onToolsChanged: () => void;
  /** The connection ended without `close` having been called; it will not come back. */
  onLost: (reason: string) => void;
}

/** One call as it is sent: the server's own tool name, and the limit in milliseconds for all of it. */
export interface SentCall {
  tool: string;
  input: Record<string, unknown>;
  idempotencyKey: string;
  timeoutMs: number;
  trace?: string | null | undefined;
  onProgress?: ((progress: ToolProgress) => void) | undefined;
}

/** One initialised connection to one server. It ends once and is never revived. */
export class McpConnection {
  /** Uses under way: calls, mostly. */
  inFlight = 0;
  private markClosed: () => void = () => undefined;
  /** Resolves when the connection has been closed, whoever closed it. */
  readonly closed = new Promise<void>((resolve) => {
    this.markClosed = resolve;
  });
  private readonly options: ConnectionOptions;
  private readonly transport: StdioProcess | HttpTransport;
  private readonly client = new Client({ name: 'mcp-fleet', version: '0.1.0' }, { capabilities: {} });
  /** How messages name the server. */
  private readonly server: ServerNames;
  private opened = false;
  /** Takes no more calls. */
  private ended = false;
  private transportEnded = false;
  private closing: Promise<void> | undefined;

  private constructor(options: ConnectionOptions) {
    this.options = options;
    this.server = { name: options.name, description: describeServer(options.name, options.config) };
    this.transport = openTransport(options);
    this.client.onclose = () => this.noteEnd();
    this.client.setNotificationHandler(ToolListChangedNotificationSchema, () => options.onToolsChanged());
  }

  /**
   * Starts or reaches the server and initialises the session, within the server's `startTimeoutMs`.
   *
   * @throws FleetError `tool_server_unavailable`, with nothing left behind
   */
  static async open(options: ConnectionOptions, signal: AbortSignal): Promise<McpConnection> {
    const connection = new McpConnection(options);
    const { name, config } = options;
    const deadline = startDeadline(config.startTimeoutMs, signal);
    const { client, transport, process } = connection;
    try {
      // The SDK minds a signal only once a request is under way, and not while a transport starts.
      await orAbort(client.connect(transport as Transport, untimed(deadline.signal)), deadline.signal);
      connection.opened = true;
      return connection;
    } catch (error) {
      // A process that dies closes its pipes first: its exit, which says more, follows at once.
      if (!deadline.signal.aborted) await process?.exitSoon();
      const fault = startFault({ name, config, error, timedOut: deadline.timedOut, process });
      await connection.close();
      throw fault;
    } finally {
      deadline.clear();
    }
  }

  /** The process behind a stdio connection. */
  get process(): StdioProcess | undefined {
    return this.transport instanceof StdioProcess ? this.transport : undefined;
  }

  /**
   * All pages of the server's tool list.
   *
   * @throws FleetError `tool_server_unavailable`; SessionLost
   */
  async tools(signal: AbortSignal): Promise<ListedTool[]> {
    if (this.client.getServerCapabilities()?.tools === undefined) return [];
    const deadline = startDeadline(this.options.config.startTimeoutMs, signal);
    const options = untimed(deadline.signal);
    try {
      return await listTools((request, schema) => this.client.request(request, schema, options));
    } catch (error) {
      throw this.notListed(deadline.signal.aborted ? deadline.signal.reason : error);
    } finally {
      deadline.clear();
    }
  }

  /**
   * Sends a call and waits for its answer. A call that times out or is aborted is cancelled at the server.
   *
   * @throws FleetError `tool_server_unavailable` when it certainly was not acted on, `tool_outcome_unknown`
   *   when no answer came (details `timeout` or `aborted`); SessionLost
   */
  async call(call: SentCall, signal: AbortSignal): Promise<ToolOutput> {
    if (signal.aborted)
      throw notActedOn(this.server, `was not sent the call of ${call.tool}: it was cancelled`);
    const deadline = startDeadline(call.timeoutMs, signal);
    try {
      return toToolOutput(await this.request(call, deadline.signal));
    } catch (error) {
      if (deadline.signal.aborted) throw this.stopped(call, deadline.timedOut);
      return this.withoutResult(call, error);
    } finally {
      deadline.clear();
    }
  }

  /** Counts a use, at once, so that the next one may choose another connection. */
  reserve(): void {
    this.inFlight += 1;
  }

  /** Ends a use; the last one of a connection that takes no more calls closes it. */
  release(): void {
    this.inFlight -= 1;
    if (this.ended && this.inFlight === 0) void this.close();
  }

  /** Ends the connection and, for stdio, the process and its group. Resolves when nothing of it is left. */
  close(): Promise<void> {
    this.ended = true;
    this.closing ??= this.transport
      .close()
      .then(() => this.client.close())
      .finally(() => this.markClosed());
    return this.closing;
  }

  private request(call: SentCall, stop: AbortSignal) {
    const params = {
      name: call.tool,
      arguments: call.input,
      _meta: {
        'fleet/idempotencyKey': call.idempotencyKey,
        ...(call.trace ? { traceparent: call.trace } : {}),
      },
    };
    const onprogress = call.onProgress;
    return this.client.request({ method: 'tools/call', params }, callResult, {
      ...untimed(stop),
      ...(onprogress ? { onprogress } : {}),
    });
  }

  private classify(error: unknown): CallEnd {
    return classifyCallError(error, {
      closed: this.transportEnded,
      session: this.transport.sessionId !== undefined,
    });
  }

  private notListed(error: unknown): Error {
    const end = this.classify(error);
    if (end.kind === 'session_lost') return this.sessionLost();
    return notActedOn(
      this.server,
      `did not list its tools: ${'reason' in end ? end.reason : end.text}`,
      error,
    );
  }

  private withoutResult(call: SentCall, error: unknown): ToolOutput {
    const end = this.classify(error);
    switch (end.kind) {
      case 'answered':
        return errorOutput(end.text);
      case 'session_lost':
        throw this.sessionLost();
      case 'not_sent':
        this.loseIfHttp(end.reason);
        throw notActedOn(this.server, `could not be sent the call of ${call.tool}: ${end.reason}`, error);
      case 'unknown':
        this.loseIfHttp(end.reason);
        throw outcomeUnknown(this.server, call.tool, this.endReason(end.reason), {}, error);
    }
  }

  private sessionLost(): SessionLost {
    const fault = new SessionLost();
    this.lose(fault.message);
    return fault;
  }

  private stopped(call: SentCall, timedOut: boolean): FleetError {
    if (!timedOut) return outcomeUnknown(this.server, call.tool, 'the call was cancelled', { aborted: true });
    void this.endIfHung();
    return outcomeUnknown(this.server, call.tool, `no answer came within ${call.timeoutMs} ms`, {
      timeout: true,
    });
  }

  /** A server that answers neither a call nor, with nothing else to do, a ping is restarted on its next use. */
  private async endIfHung(): Promise<void> {
    try {
      await this.client.ping({ timeout: pingMs });
    } catch {
      if (this.inFlight === 0) this.lose(`it did not answer a ping within ${pingMs} ms`);
    }
  }

  /** An HTTP connection has no end of its own to be noticed. */
  private loseIfHttp(reason: string): void {
    if (this.transport instanceof HttpTransport) this.lose(reason);
  }

  /** No more calls; those in flight are waited for, and the last of them closes the connection. */
  private lose(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    if (this.inFlight === 0) void this.close();
    this.options.onLost(reason);
  }

  /** The transport has ended. */
  private noteEnd(): void {
    const { opened, ended } = this;
    this.ended = true;
    this.transportEnded = true;
    void this.close();
    if (opened && !ended) this.options.onLost(this.endReason('the connection was lost'));
  }

  private endReason(otherwise: string): string {
    const { process } = this;
    if (process?.fault !== undefined) return process.fault;
    if (process?.exit === undefined) return otherwise;
    return `it ended with ${exitText(process)}${processSaid(process)}`;
  }
}

function openTransport({ config, env, onLog, onJunk }: ConnectionOptions): StdioProcess | HttpTransport {
  if (config.kind === 'http') return new HttpTransport(new URL(config.url), config.headers);
  return new StdioProcess({ ...config, baseEnv: env, onLog, onJunk });
}

/** The fleet keeps its own time, so that its timeout cannot be mistaken for an error that a server sent. */
function untimed(signal: AbortSignal): { signal: AbortSignal; timeout: number } {
  return { signal, timeout: 2_000_000_000 };
}
