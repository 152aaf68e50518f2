import { FleetError } from '@mcp-fleet/core';
import type { Database } from './database.ts';

/** Raised whenever an index is added or changed. */
const version = 1;

/** Creates the indexes. Creating one that is there already does nothing. */
export async function migrate({ sessions, jobs, steps, claims, meta }: Database): Promise<void> {
  await jobs.createIndex(
    { tenant: 1, idempotency_key: 1 },
    {
      unique: true,
      partialFilterExpression: { idempotency_key: { $exists: true } },
      name: 'by_idempotency_key',
    },
  );
  await jobs.createIndex({ tenant: 1, _id: -1 }, { name: 'by_tenant' });
  await jobs.createIndex({ session_id: 1, state: 1, seq: 1 }, { name: 'by_session' });
  await jobs.createIndex({ session_id: 1, turn: 1 }, { name: 'by_turn' });
  await jobs.createIndex({ state: 1, updated_at: 1 }, { name: 'by_state' });
  await sessions.createIndex({ tenant: 1, _id: -1 }, { name: 'by_tenant' });
  await sessions.createIndex({ active: 1 }, { name: 'by_active' });
  await steps.createIndex({ job_id: 1, _id: 1 }, { name: 'by_job' });
  await claims.createIndex({ job_id: 1 }, { name: 'by_job' });
  await meta.updateOne({ _id: 'schema' }, { $max: { version } }, { upsert: true });
}

/** Throws `store_not_migrated` unless the indexes are those of this code, or newer. */
export async function checkMigrated({ meta }: Database): Promise<void> {
  const schema = await meta.findOne({ _id: 'schema' });
  if ((schema?.version ?? 0) >= version) return;
  throw new FleetError(
    'store_not_migrated',
    `The store is at version ${schema?.version ?? 0}, this fleet needs ${version}. Run \`fleet migrate\`.`,
  );
}
