import { FleetError } from '@mcp-fleet/core';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { answerLost } from './http-transport.ts';
import { networkCause } from './start-fault.ts';
import { NotSent } from './stdio-process.ts';

/** How a request that brought no result came to its end. */
export type CallEnd =
  /** The server answered, with a protocol error or with something that is no result. */
  | { kind: 'answered'; text: string }
  /** The server knows no such session (any more), so nothing was done. */
  | { kind: 'session_lost' }
  /** The request certainly was not acted on. */
  | { kind: 'not_sent'; reason: string }
  /** It was sent, or may have been, and no answer came. */
  | { kind: 'unknown'; reason: string };

const neverConnected = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
];

/**
 * Classifies what the SDK's `request` threw.
 *
 * @param connection whether it has closed by now, and whether it speaks in an HTTP session
 */
export function classifyCallError(
  error: unknown,
  connection: { closed: boolean; session: boolean },
): CallEnd {
  if (error instanceof NotSent) return { kind: 'not_sent', reason: error.message };
  if (error instanceof StreamableHTTPError) return fromStatus(error, connection.session);
  if (error instanceof McpError) return fromProtocol(error, connection.closed);
  if (error instanceof z.core.$ZodError) {
    return { kind: 'answered', text: 'The server answered with something that is not a tool result.' };
  }
  if (error instanceof Error && error.message === 'Not connected') {
    return { kind: 'not_sent', reason: 'the connection was closed' };
  }
  const cause = networkCause(error);
  const reason = cause instanceof Error ? cause.message : String(cause);
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? '';
  return { kind: neverConnected.includes(code) ? 'not_sent' : 'unknown', reason };
}

/** A server that has lost its session answers 404; many answer 400 to a session id that they do not know. */
function fromStatus(error: StreamableHTTPError, session: boolean): CallEnd {
  const status = error.code ?? 0;
  if (session && (status === 404 || status === 400)) return { kind: 'session_lost' };
  if (status === 400 || status === 413) return { kind: 'answered', text: error.message };
  const refused = (status >= 300 && status < 500 && status !== 408) || status === 503;
  return { kind: refused ? 'not_sent' : 'unknown', reason: `it answered HTTP ${status}` };
}

function fromProtocol(error: McpError, closed: boolean): CallEnd {
  if (error.data === answerLost) return { kind: 'unknown', reason: answerLost.reason };
  if (closed && error.code === ErrorCode.ConnectionClosed) {
    return { kind: 'unknown', reason: 'the connection was lost' };
  }
  return { kind: 'answered', text: error.message.replace(/^MCP error (-?\d+): /, '') };
}

/** The session is gone at the server, which did nothing: connect anew and send again. */
export class SessionLost extends Error {
  constructor() {
    super('the server does not know the session any more');
  }
}

/** A server's name, and the words that begin a message about it. */
export interface ServerNames {
  name: string;
  description: string;
}

/** The `tool_server_unavailable` for a request that certainly was not acted on. */
export function notActedOn(server: ServerNames, what: string, cause?: unknown): FleetError {
  const details = { server: server.name };
  return new FleetError('tool_server_unavailable', `${server.description} ${what}.`, { cause, details });
}

/** The `tool_outcome_unknown` for a call that may have been acted on. */
export function outcomeUnknown(
  server: ServerNames,
  tool: string,
  reason: string,
  more: Record<string, unknown>,
  cause?: unknown,
): FleetError {
  return new FleetError(
    'tool_outcome_unknown',
    `${server.description} was sent the call of ${tool}, but no answer came: ${reason}.`,
    { cause, details: { server: server.name, tool, ...more } },
  );
}
