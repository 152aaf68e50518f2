import { type ContextStore, FleetError } from '@mcp-fleet/core';

/** An api that asks for keys does not start while there are none: nobody could use it. */
export async function refuseWithoutKeys(store: ContextStore): Promise<void> {
  const keys = await store.apiKeys(null, { limit: 1 });
  if (keys.length > 0) return;
  throw new FleetError(
    'invalid_config',
    'The api asks for keys, and there are none yet. Make one first: `fleet keys create --scopes all`, with the same STORE_URL or data folder.',
  );
}
