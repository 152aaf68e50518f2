import { type ContextStore, FleetError } from '@mcp-fleet/core';
import { withEncryption } from './encryption/encrypted-store.ts';

/**
 * Opens the store that a `STORE_URL` names, whose contents are encrypted with `keys` (`FLEET_ENCRYPTION_KEYS`), if there
 * are any. Connects when it is first used, and loads the driver of that database alone.
 */
export async function openStore(url: string, keys?: string): Promise<ContextStore> {
  return withEncryption(await openDatabase(url), keys);
}

async function openDatabase(url: string): Promise<ContextStore> {
  const scheme = url.slice(0, url.indexOf(':'));
  if (scheme === 'postgres' || scheme === 'postgresql') {
    return (await import('./postgres/postgres-store.ts')).openPostgresStore(url);
  }
  if (scheme === 'mongodb' || scheme === 'mongodb+srv') {
    return (await import('./mongo/mongo-store.ts')).openMongoStore(url);
  }
  throw new FleetError(
    'invalid_config',
    `STORE_URL has the scheme ${JSON.stringify(scheme)}; expected mongodb://, mongodb+srv://, postgres:// or postgresql://.`,
  );
}
