import type { Session, SessionChange } from '@mcp-fleet/core';
import { encode } from '../record-codec.ts';
import { type Database, flushed } from './database.ts';
import { toSession, unended } from './documents.ts';
import { after, expiredAt } from './expired-sessions.ts';

export async function updateSession(
  { sessions, clock }: Database,
  tenant: string,
  id: string,
  { metadata, onBusy, ttlSeconds }: SessionChange,
): Promise<Session | null> {
  const now = clock.now();
  const change = {
    ...(metadata === undefined ? {} : { metadata: encode(metadata) }),
    ...(onBusy === undefined ? {} : { on_busy: onBusy }),
    ...(ttlSeconds == null ? {} : { ttl_seconds: ttlSeconds, look_at: after(now, ttlSeconds) }),
    updated_at: now,
  };
  const unset = ttlSeconds === null ? { $unset: { ttl_seconds: true as const, look_at: true as const } } : {};
  const doc = await sessions.findOneAndUpdate(
    { _id: id, tenant },
    { $set: change, ...unset },
    { ...flushed, returnDocument: 'after' },
  );
  return doc ? toSession(doc) : null;
}

/**
 * The session goes last, so that a deletion that was cut off can be repeated. It is held first by a job that does
 * not exist, so that none can become active meanwhile.
 */
export async function deleteSession(
  database: Database,
  tenant: string,
  id: string,
  { onlyExpired }: { onlyExpired: boolean },
): Promise<'deleted' | 'busy' | 'absent'> {
  const { sessions, jobs, steps, claims, approvals, offlineCalls, blobs, clock } = database;
  const idle = { active: null, ...(onlyExpired ? expiredAt(clock.now()) : {}) };
  const held = await sessions.updateOne(
    { _id: id, tenant, $or: [idle, { deleting: true }] },
    { $set: { active: 'deleted', deleting: true } },
    flushed,
  );
  if (held.matchedCount === 0) return (await sessions.findOne({ _id: id, tenant })) ? 'busy' : 'absent';
  const open = await jobs.findOne({ session_id: id, state: unended }, { projection: { _id: 1 } });
  if (open) {
    await sessions.updateOne({ _id: id }, { $set: { active: null }, $unset: { deleting: true } }, flushed);
    return 'busy';
  }
  const ids = await jobs.distinct('_id', { session_id: id });
  const files = await blobs.find({ 'metadata.job_id': { $in: ids } }).toArray();
  for (const file of files) await blobs.delete(file._id);
  await approvals.deleteMany({ job_id: { $in: ids } }, flushed);
  await offlineCalls.deleteMany({ _id: { $in: ids } }, flushed);
  await claims.deleteMany({ job_id: { $in: ids } }, flushed);
  await steps.deleteMany({ job_id: { $in: ids } }, flushed);
  await jobs.deleteMany({ session_id: id }, flushed);
  await sessions.deleteOne({ _id: id }, flushed);
  return 'deleted';
}
