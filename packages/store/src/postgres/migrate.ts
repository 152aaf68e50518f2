import { FleetError } from '@mcp-fleet/core';
import type { Database } from './database.ts';
import { migrationLock, migrations } from './schema.ts';

/** Brings the schema up to date in one transaction; processes that start together wait for one another. */
export async function migrate(database: Database): Promise<void> {
  await database.transaction(async (client) => {
    await client.query(`SELECT pg_advisory_xact_lock(${migrationLock})`);
    await client.query('CREATE SCHEMA IF NOT EXISTS fleet');
    await client.query(
      'CREATE TABLE IF NOT EXISTS fleet.migrations (version int PRIMARY KEY, applied_at timestamptz DEFAULT now())',
    );
    const done = await client.query<{ version: number }>(
      'SELECT max(version) AS version FROM fleet.migrations',
    );
    const version = done.rows[0]?.version ?? 0;
    for (const [index, sql] of migrations.entries()) {
      if (index < version) continue;
      await client.query(sql);
      await client.query('INSERT INTO fleet.migrations (version) VALUES ($1)', [index + 1]);
    }
  });
}

/** Throws `store_not_migrated` unless the schema is at least as new as this code. */
export async function checkMigrated(database: Database): Promise<void> {
  const text = 'SELECT max(version) AS version FROM fleet.migrations';
  const [row] = await database.lazy<{ version: number | null }>('migrated', text, []);
  if ((row?.version ?? 0) >= migrations.length) return;
  throw new FleetError(
    'store_not_migrated',
    `The store is at schema version ${row?.version ?? 0}, this fleet needs ${migrations.length}. Run \`fleet migrate\`.`,
  );
}
