import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { expect, test } from 'vitest';
import { classifyCallError } from './call-fault.ts';
import { answerLost } from './http-transport.ts';
import { NotSent } from './stdio-process.ts';

const open = { closed: false, session: false };
const inSession = { closed: false, session: true };
const closed = { closed: true, session: false };

function network(code: string): Error {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
}

test.each([
  ['a broken pipe', new NotSent('EPIPE'), open, 'not_sent'],
  ['a refused connection', network('ECONNREFUSED'), open, 'not_sent'],
  ['a name that is not found', network('ENOTFOUND'), open, 'not_sent'],
  ['a reset connection', network('ECONNRESET'), open, 'unknown'],
  ['HTTP 404 in a session', new StreamableHTTPError(404, 'gone'), inSession, 'session_lost'],
  ['HTTP 400 in a session', new StreamableHTTPError(400, 'no session'), inSession, 'session_lost'],
  ['HTTP 404 without a session', new StreamableHTTPError(404, 'gone'), open, 'not_sent'],
  ['HTTP 400 without a session', new StreamableHTTPError(400, 'bad'), open, 'answered'],
  ['HTTP 401', new StreamableHTTPError(401, 'who'), inSession, 'not_sent'],
  ['HTTP 429', new StreamableHTTPError(429, 'slow down'), inSession, 'not_sent'],
  ['HTTP 503', new StreamableHTTPError(503, 'later'), inSession, 'not_sent'],
  ['HTTP 500', new StreamableHTTPError(500, 'oops'), inSession, 'unknown'],
  ['HTTP 504', new StreamableHTTPError(504, 'late'), inSession, 'unknown'],
  [
    'a connection that ended',
    new McpError(ErrorCode.ConnectionClosed, 'Connection closed'),
    closed,
    'unknown',
  ],
  ["the same code as a server's own", new McpError(-32000, 'Connection closed'), open, 'answered'],
  ['a stream that broke', new McpError(-32000, 'lost', answerLost), open, 'unknown'],
  ['a lookalike of it', new McpError(-32000, 'lost', { ...answerLost }), open, 'answered'],
  ['a protocol error', new McpError(-32602, 'Invalid params'), open, 'answered'],
  ['a closed client', new Error('Not connected'), closed, 'not_sent'],
])('%s', (_name, error, connection, kind) => {
  expect(classifyCallError(error, connection).kind).toBe(kind);
});

test('the text of a protocol error loses the prefix of the SDK', () => {
  expect(classifyCallError(new McpError(-32602, 'Unknown tool: x'), open)).toEqual({
    kind: 'answered',
    text: 'Unknown tool: x',
  });
});
