import { FleetError } from '@mcp-fleet/core';
import { type Collection, type Document, MongoServerError } from 'mongodb';
import type { Database } from './database.ts';

/** Raised whenever an index or the form of a document is added or changed. */
const version = 13;

/** Creates the indexes. Creating one that is there already does nothing. */
export async function migrate(database: Database): Promise<void> {
  const { sessions, jobs, steps, claims, approvals, keys, meta } = database;
  await jobs.createIndex(
    { tenant: 1, idempotency_key: 1 },
    { name: 'by_idempotency_key', unique: true, partialFilterExpression: there('idempotency_key') },
  );
  await jobs.createIndex({ tenant: 1, _id: -1 }, { name: 'by_tenant' });
  await jobs.createIndex({ session_id: 1, state: 1, seq: 1 }, { name: 'by_session' });
  await jobs.createIndex({ session_id: 1, turn: 1 }, { name: 'by_turn' });
  await jobs.createIndex({ state: 1, _id: 1, updated_at: 1 }, { name: 'by_state_and_id' });
  await jobs.createIndex(
    { session_id: 1, state: 1 },
    { name: 'steering', partialFilterExpression: { steers: true } },
  );
  await jobs.createIndex(
    { state: 1, joined: 1, seq: 1 },
    { name: 'joined', partialFilterExpression: there('joined') },
  );
  for (const due of ['deadline', 'expires_at']) {
    const options = { name: `by_${due}`, partialFilterExpression: there(due) };
    await jobs.createIndex({ state: 1, [due]: 1 }, options);
  }
  await sessions.createIndex({ tenant: 1, _id: -1 }, { name: 'by_tenant' });
  await sessions.createIndex(
    { _id: 1, active: 1 },
    { name: 'held', partialFilterExpression: { active: { $gt: '' } } },
  );
  await sessions.createIndex({ look_at: 1 }, { name: 'by_look', partialFilterExpression: there('look_at') });
  await steps.createIndex({ job_id: 1, _id: 1 }, { name: 'by_job' });
  await claims.createIndex({ job_id: 1 }, { name: 'by_job' });
  await database.agents.createIndex({ tenant: 1, name: 1, version: -1 }, { name: 'by_name' });
  await keys.createIndex({ tenant: 1, _id: -1 }, { name: 'by_tenant' });
  await jobs.createIndex({ tenant: 1, state: 1, _id: -1 }, { name: 'by_tenant_and_state' });
  await approvals.createIndex({ tenant: 1, _id: -1 }, { name: 'by_tenant' });
  await approvals.createIndex(
    { tenant: 1, _id: -1, expires_at: 1 },
    { name: 'pending', partialFilterExpression: { decision: null } },
  );
  await database.dataKeys.createIndex({ tenant: 1, created_at: -1 }, { name: 'by_tenant' });
  await database.dataKeys.createIndex({ wrapped_by: 1 }, { name: 'by_wrapping' });
  await database.audit.createIndex({ tenant: 1, n: -1 }, { name: 'by_tenant' });
  await indexWebhooks(database);
  await indexBatches(database);
  await indexOffload(database);
  // Those of version 1 that nothing uses any more.
  await dropIndex(jobs, 'by_state');
  await dropIndex(sessions, 'by_active');
  await meta.updateOne({ _id: 'schema' }, { $max: { version } }, { upsert: true });
}

async function indexWebhooks({ jobs, approvals, webhooks, deliveries }: Database): Promise<void> {
  const set = (field: string) => ({ [field]: { $gt: new Date(0) } });
  await jobs.createIndex(
    { tenant: 1, announced: 1, ended_at: 1, _id: 1 },
    { name: 'unannounced', partialFilterExpression: set('ended_at') },
  );
  await approvals.createIndex({ tenant: 1, announced: 1, requested_at: 1, _id: 1 }, { name: 'unannounced' });
  await webhooks.createIndex({ tenant: 1, _id: -1 }, { name: 'by_tenant' });
  await webhooks.createIndex({ disabled: 1 }, { name: 'by_disabled' });
  await deliveries.createIndex({ webhook_id: 1, event_id: 1 }, { name: 'by_event', unique: true });
  await deliveries.createIndex({ webhook_id: 1, _id: -1 }, { name: 'by_webhook' });
  await deliveries.createIndex({ job_id: 1, _id: -1 }, { name: 'by_job' });
  await deliveries.createIndex({ next_attempt_at: 1, created_at: 1 }, { name: 'by_age' });
  await deliveries.createIndex(
    { next_attempt_at: 1, _id: 1, webhook_id: 1 },
    { name: 'due', partialFilterExpression: set('next_attempt_at') },
  );
}

async function indexBatches({ batches, lines, files }: Database): Promise<void> {
  await batches.createIndex({ tenant: 1, surface: 1, _id: -1 }, { name: 'by_tenant' });
  await batches.createIndex({ tenant: 1, ended_at: 1 }, { name: 'by_end' });
  await batches.createIndex(
    { _id: 1, state: 1, expires_at: 1 },
    { name: 'unended', partialFilterExpression: { ended_at: null } },
  );
  await lines.createIndex({ batch_id: 1, state: 1, n: 1 }, { name: 'by_state' });
  await lines.createIndex(
    { batch_id: 1, custom_id: 1 },
    { name: 'by_custom_id', unique: true, partialFilterExpression: there('custom_id') },
  );
  await files.createIndex({ 'metadata.job_id': 1 }, { name: 'by_job' });
}

async function indexOffload({ offlineCalls, upstreamBatches }: Database): Promise<void> {
  await offlineCalls.createIndex({ batch_id: 1, answer: 1, model: 1, asked_at: 1 }, { name: 'waiting' });
  await offlineCalls.createIndex({ batch_id: 1, custom_id: 1 }, { name: 'by_batch' });
  await upstreamBatches.createIndex({ state: 1, ended_at: -1 }, { name: 'by_state' });
  await upstreamBatches.createIndex(
    { upstream_id: 1 },
    { name: 'by_upstream_id', unique: true, partialFilterExpression: there('upstream_id') },
  );
}

const there = (field: string) => ({ [field]: { $exists: true } });

const indexNotFound = 27;

async function dropIndex<Doc extends Document>(collection: Collection<Doc>, name: string): Promise<void> {
  try {
    await collection.dropIndex(name);
  } catch (thrown) {
    if (!(thrown instanceof MongoServerError) || thrown.code !== indexNotFound) throw thrown;
  }
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
