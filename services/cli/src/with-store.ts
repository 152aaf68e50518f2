import { resolve } from 'node:path';
import { type ContextStore, FleetError } from '@mcp-fleet/core';
import { lockFolder, readEnvironment, startEmbeddedPostgres } from '@mcp-fleet/runtime';
import { openPooledStore, openStore } from '@mcp-fleet/store';

/**
 * Works with the store itself, past the api: that of `STORE_URL`, or of a data folder that no fleet runs on. Contents
 * come as they are stored.
 */
export async function withStore(
  data: string | undefined,
  work: (store: ContextStore) => Promise<void>,
): Promise<void> {
  const { STORE_URL, FLEET_DATA, FLEET_ENCRYPTION_KEYS } = readEnvironment(process.env);
  if (STORE_URL) {
    const store = await openStore(STORE_URL, FLEET_ENCRYPTION_KEYS);
    try {
      await store.check();
      await work(store);
    } finally {
      await store.close();
    }
    return;
  }
  const lock = lockFolder(resolve(data ?? FLEET_DATA));
  try {
    const embedded = await startEmbeddedPostgres(resolve(data ?? FLEET_DATA));
    try {
      await work(openPooledStore(embedded.pool as never));
    } finally {
      await embedded.stop();
    }
  } finally {
    lock.release();
  }
}

/** Throws `invalid_config` when there are none. */
export function encryptionKeys(): string {
  const keys = readEnvironment(process.env).FLEET_ENCRYPTION_KEYS;
  if (keys) return keys;
  throw new FleetError(
    'invalid_config',
    'FLEET_ENCRYPTION_KEYS is not set. Set it as the processes of the fleet have it.',
  );
}
