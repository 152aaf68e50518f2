import type { ContextStore } from '@mcp-fleet/core';

export function openMongoStore(_url: string): ContextStore {
  throw new Error('placeholder');
}
