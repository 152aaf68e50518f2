import type { Environment } from '@mcp-fleet/runtime';

/** How this api serves Anthropic's form. */
export interface MessagesOptions {
  /** Names of the configured MCP servers; null where the workers alone know them. */
  servers: readonly string[] | null;
  /** Where clients reach the api, when it is not the host that they name. */
  publicUrl: string | null;
  /** Milliseconds in which a batch has to end. */
  batchExpiresMs: number;
}

export function messagesOptions(
  { PUBLIC_URL, MESSAGE_BATCH_EXPIRES_MS }: Environment,
  servers: readonly string[] | null,
): MessagesOptions {
  return {
    servers,
    publicUrl: PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    batchExpiresMs: MESSAGE_BATCH_EXPIRES_MS,
  };
}
