import { FleetApiError } from '@mcp-fleet/client';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';

/** A result in words for the model and in values for programs. */
export function answer(text: string, values: Record<string, unknown>): CallToolResult {
  return { content: [{ type: 'text', text }], structuredContent: values };
}

/**
 * Runs a tool. What the fleet refuses becomes an error result, `type: message`, with both also under
 * `fleet/error` of `_meta`: structured content has to fit the tool's output schema, which an error does not.
 */
export async function attempt(run: () => Promise<CallToolResult>): Promise<CallToolResult> {
  try {
    return await run();
  } catch (thrown) {
    if (!(thrown instanceof FleetApiError)) throw thrown;
    const { code: type, message, requestId } = thrown;
    return {
      content: [{ type: 'text', text: `${type}: ${message}` }],
      isError: true,
      _meta: { 'fleet/error': { type, message, request_id: requestId } },
    };
  }
}
