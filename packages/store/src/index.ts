export type { PgClient, PgPool } from './postgres/database.ts';
export { openPooledStore, openPostgresStore, PostgresStore } from './postgres/postgres-store.ts';
