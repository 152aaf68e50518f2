import { type ContextStore, FleetError } from '@mcp-fleet/core';

/** True for addresses that only this machine reaches. */
export const isLoopback = (host: string): boolean => /^(127(\.\d+){3}|::1|\[::1\]|localhost)$/.test(host);

/** An api that others reach does not start while nobody could use it but those who should not. */
export async function refuseWithoutKeys(store: ContextStore, host: string): Promise<void> {
  const keys = await store.apiKeys(null, { limit: 1 });
  if (keys.length > 0) return;
  throw new FleetError(
    'invalid_config',
    `The api asks for keys on ${host}, and there are none yet. Make one first: \`fleet keys create --scopes all\`, with the same STORE_URL.`,
  );
}
