import type { FleetError } from '@mcp-fleet/core';

/** What happens to servers, for logs and metrics. Carries no arguments and no results. */
export type ToolServerEvent =
  | { type: 'server_started'; server: string; ms: number }
  | { type: 'server_failed'; server: string; error: FleetError }
  | { type: 'server_lost'; server: string; reason: string }
  /** A call that was sent, or was to be: what the server said, or that it could not be asked, or did not answer. */
  | { type: 'call_ended'; server: string; outcome: 'ok' | 'error' | 'failed'; ms: number }
  | { type: 'tools_changed'; server: string }
  /** A line on a server's stdout that is no MCP message, cut to 200 characters. */
  | { type: 'stdout_junk'; server: string; line: string };

/** The state of one configured server in this process. */
export interface ServerStatus {
  name: string;
  transport: 'stdio' | 'http';
  /** `idle` before the first use, `down` when the last start failed or the connection was lost. */
  state: 'idle' | 'starting' | 'ready' | 'down' | 'stopped';
  /** Tools that it offers, as far as its list is known. */
  tools: number;
  connections: number;
  /** Calls that wait for an answer. */
  inFlight: number;
  /** Starts after the first. */
  restarts: number;
  /** Process ids of a stdio server's connections. */
  pids: number[];
  /** Why it is down. */
  error?: string;
}
