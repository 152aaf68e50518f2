import { createHash } from 'node:crypto';
import type { ToolDefinition, Toolset } from '@mcp-fleet/core';

/** A tool list with its digest: SHA-256, in hex, of the definitions as JSON with sorted keys. */
export function toToolset(tools: ToolDefinition[]): Toolset {
  return { hash: createHash('sha256').update(canonicalJson(tools)).digest('hex'), tools };
}

/** JSON with the keys of every object in code unit order. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
