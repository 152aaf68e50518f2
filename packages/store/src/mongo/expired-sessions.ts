import type { Session } from '@mcp-fleet/core';
import type { Filter } from 'mongodb';
import { type Database, lazy } from './database.ts';
import type { SessionDoc } from './documents.ts';

/** A time so many seconds after another. */
export const after = (time: Date, seconds: number): Date => new Date(time.getTime() + seconds * 1_000);

/** Matches what has been left alone for its `ttl_seconds`. */
export const expiredAt = (now: Date): Filter<SessionDoc> => ({
  ttl_seconds: { $exists: true },
  $expr: { $lte: [{ $add: ['$updated_at', { $multiply: ['$ttl_seconds', 1_000] }] }, now] },
});

/**
 * Looks at sessions whose time to look has come. Accepting and ending jobs leave that time alone, which keeps them
 * free of it: of a session in which something has happened since, it is moved on here.
 */
export async function expiredSessions(
  { sessions, clock }: Database,
  limit: number,
): Promise<Pick<Session, 'tenant' | 'id'>[]> {
  const now = clock.now();
  const due = await sessions
    .find({ look_at: { $lte: now } })
    .sort({ look_at: 1 })
    .limit(limit)
    .toArray();
  const expired: Pick<Session, 'tenant' | 'id'>[] = [];
  const early: SessionDoc[] = [];
  for (const doc of due) {
    const isOver = doc.active === null && after(doc.updated_at, doc.ttl_seconds ?? 0) <= now;
    if (isOver || doc.deleting) expired.push({ tenant: doc.tenant, id: doc._id });
    else early.push(doc);
  }
  await moveOn(sessions, early, now);
  return expired;
}

/** A busy session can expire no earlier than if it became idle now. A change of its `ttl_seconds` meanwhile counts. */
async function moveOn(sessions: Database['sessions'], docs: SessionDoc[], now: Date): Promise<void> {
  if (docs.length === 0) return;
  const moves = docs.map(({ _id, active, ttl_seconds = 0, look_at, updated_at }) => ({
    updateOne: {
      filter: { _id, look_at: look_at as Date },
      update: { $set: { look_at: after(active === null ? updated_at : now, ttl_seconds) } },
    },
  }));
  await sessions.bulkWrite(moves, { ordered: false, ...lazy });
}
