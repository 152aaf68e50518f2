import { type ContextStore, FleetError } from '@mcp-fleet/core';
import { withEncryption } from './encryption/encrypted-store.ts';
import { openMongoStore } from './mongo/mongo-store.ts';
import { openPostgresStore } from './postgres/postgres-store.ts';

/**
 * Opens the store that a `STORE_URL` names, whose contents are encrypted with `keys` (`FLEET_ENCRYPTION_KEYS`), if there
 * are any. Connects when it is first used.
 */
export function openStore(url: string, keys?: string): ContextStore {
  return withEncryption(openDatabase(url), keys);
}

function openDatabase(url: string): ContextStore {
  const scheme = url.slice(0, url.indexOf(':'));
  if (scheme === 'postgres' || scheme === 'postgresql') return openPostgresStore(url);
  if (scheme === 'mongodb' || scheme === 'mongodb+srv') return openMongoStore(url);
  throw new FleetError(
    'invalid_config',
    `STORE_URL has the scheme ${JSON.stringify(scheme)}; expected mongodb://, mongodb+srv://, postgres:// or postgresql://.`,
  );
}
