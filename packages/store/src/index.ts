export { countDataKeys, renewDataKey, rewrapDataKeys } from './encryption/administer.ts';
export { withEncryption } from './encryption/encrypted-store.ts';
export { openStore } from './open-store.ts';
export type { PgClient, PgPool } from './postgres/database.ts';
export { openPooledStore, openPostgresStore, PostgresStore } from './postgres/postgres-store.ts';
