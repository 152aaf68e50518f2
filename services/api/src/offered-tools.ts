import type { ToolDefinition } from '@mcp-fleet/core';
import type { ApiParts } from './parts.ts';

/** How long tool servers are waited for before their tools count as unknown. */
const toolsMs = 2_000;

/** The tools of this process's servers; null where it has none, and for servers that do not answer. */
export async function offeredTools(
  { tools }: Pick<ApiParts, 'tools'>,
  allowed: readonly string[] | undefined,
): Promise<ToolDefinition[] | null> {
  if (tools === null) return null;
  return tools.list(allowed, AbortSignal.timeout(toolsMs)).then(
    (toolset) => toolset.tools,
    () => null,
  );
}
