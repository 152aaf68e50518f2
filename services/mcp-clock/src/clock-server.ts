import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { inWords, zonedTime } from './zoned-time.ts';

const annotations = { readOnlyHint: true, idempotentHint: true, openWorldHint: false };

const timezone = z.string().min(1).max(64).describe('IANA name, such as Europe/Berlin; UTC unless told');
const instant = z
  .string()
  .max(64)
  .describe('ISO 8601 with an offset, such as 2026-11-25T17:00:00+01:00 or 2026-11-25T16:00:00Z');

/** An MCP server that knows the time, not yet connected. It keeps no state between calls. */
export function createClockServer(now: () => Date): McpServer {
  const server = new McpServer({ name: 'mcp-clock', version: '0.1.0' });
  server.registerTool(
    'now',
    {
      description: 'Says what time and day it is now, in a time zone.',
      inputSchema: { timezone: timezone.optional() },
      annotations,
    },
    ({ timezone = 'UTC' }) => answer(() => show(now(), timezone)),
  );
  server.registerTool(
    'convert_time',
    {
      description: 'Says what the clocks of another time zone show at a time.',
      inputSchema: { at: instant, timezone },
      annotations,
    },
    ({ at, timezone }) => answer(() => show(instantOf(at), timezone)),
  );
  server.registerTool(
    'time_between',
    {
      description: 'Says how much time is between two times, and which comes first.',
      inputSchema: { from: instant, to: instant },
      annotations,
    },
    ({ from, to }) =>
      answer(() => {
        const ms = instantOf(to).getTime() - instantOf(from).getTime();
        const order = ms < 0 ? 'the second is earlier' : 'the second is later';
        return ms === 0 ? 'The same time.' : `${inWords(ms)}; ${order}.`;
      }),
  );
  return server;
}

function show(at: Date, timezone: string): string {
  const { iso, weekday } = zonedTime(at, timezone);
  return `${weekday}, ${iso} (${timezone})`;
}

/** A time without an offset would be this machine's own, which nobody means. */
function instantOf(text: string): Date {
  const at = new Date(text);
  if (!Number.isNaN(at.getTime()) && /(Z|[+-]\d\d:?\d\d)$/i.test(text)) return at;
  throw new RangeError(
    `${JSON.stringify(text)} is no time with an offset; expected such as 2026-11-25T16:00:00Z.`,
  );
}

/** Turns what a computation throws into an error result that a model can act on. */
function answer(compute: () => string): CallToolResult {
  try {
    return { content: [{ type: 'text', text: compute() }] };
  } catch (thrown) {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    return { content: [{ type: 'text', text }], isError: true };
  }
}
