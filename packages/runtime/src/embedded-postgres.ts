import { existsSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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
  if (folder === null) return open({});
  await copyEmptyDatabase(folder);
  return open({ dataDir: join(folder, 'postgres') });
}

async function open(options: { dataDir?: string }): Promise<EmbeddedPostgres> {
  const pglite = await PGlite.create(options);
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

const emptyDatabase = fileURLToPath(new URL('../empty-database', import.meta.url));

/** Keeps a database for first starts to copy, since making one takes PGlite seconds; `migrate` brings the tables into it. */
export async function makeEmptyDatabase(
  migrate: (pool: EmbeddedPostgres['pool']) => Promise<void>,
): Promise<void> {
  const begun = await emptied(`${emptyDatabase}.new`);
  const database = await open({ dataDir: begun });
  await migrate(database.pool);
  await database.stop();
  await rename(begun, await emptied(emptyDatabase));
}

async function emptied(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  return folder;
}

/** A new folder gets its database whole or not at all. Without one to copy, PGlite makes it. */
async function copyEmptyDatabase(folder: string): Promise<void> {
  const database = join(folder, 'postgres');
  if (existsSync(database) || !existsSync(join(emptyDatabase, 'PG_VERSION'))) return;
  const begun = await emptied(`${database}.new`);
  await cp(emptyDatabase, begun, { recursive: true });
  await rename(begun, database);
}

/** True when a folder holds an embedded database already. */
export function hasEmbeddedPostgres(folder: string): boolean {
  return existsSync(join(folder, 'postgres', 'PG_VERSION'));
}
