import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { PgliteStream } from './pglite-stream.ts';
import { SharedConnection } from './shared-connection.ts';

/** PostgreSQL in the process, kept in a folder or, without one, in memory. */
export interface EmbeddedPostgres {
  /** In the shape of a `pg.Pool`, for the store and the queue. */
  pool: SharedConnection;
  stop(): Promise<void>;
}

/**
 * Starts PGlite. The caller holds the folder's lock. `bullmq` is on the search path because BullMQ's
 * statements use unqualified names; the store's are qualified.
 */
export async function startEmbeddedPostgres(folder: string | null): Promise<EmbeddedPostgres> {
  const pglite = await PGlite.create(folder === null ? {} : { dataDir: join(folder, 'postgres') });
  const client = new pg.Client({
    user: 'postgres',
    database: 'postgres',
    stream: () => new PgliteStream(pglite),
  });
  await client.connect();
  await client.query('SET search_path TO bullmq, public');
  const pool = new SharedConnection(client);
  return {
    pool,
    async stop() {
      await pool.end();
      await client.end();
      await pglite.close();
    },
  };
}

/** True when a folder holds an embedded database already. */
export function hasEmbeddedPostgres(folder: string): boolean {
  return existsSync(join(folder, 'postgres', 'PG_VERSION'));
}
