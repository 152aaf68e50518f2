import { type Database, flushed } from './database.ts';
import { unended } from './documents.ts';

/** The first job of a session that is still to run in its own turn; null when there is none. */
export async function nextJob(
  { jobs }: Database,
  sessionId: string,
  endedJob?: string,
): Promise<string | null> {
  const next = await jobs.findOne(
    {
      session_id: sessionId,
      state: unended,
      joined: { $exists: false },
      undecided: { $exists: false },
      ...(endedJob === undefined ? {} : { _id: { $ne: endedJob } }),
    },
    { sort: { seq: 1 }, projection: { _id: 1 } },
  );
  return next?._id ?? null;
}

/** Passes a session from a job that has ended to its next one; returns that job's id, null if there is none. */
export async function passSession(
  database: Database,
  sessionId: string,
  endedJob: string,
): Promise<string | null> {
  const { sessions } = database;
  if (await leaveIdle(database, sessionId, endedJob)) return null;
  for (;;) {
    const session = await sessions.findOne({ _id: sessionId }, { projection: { active: 1, admitted: 1 } });
    if (session?.active !== endedJob) return null;
    const active = await nextJob(database, sessionId, endedJob);
    const passed = await sessions.updateOne(
      { _id: sessionId, active: endedJob, admitted: session.admitted },
      { $set: { active, updated_at: database.clock.now() }, $inc: { turn: active === null ? 0 : 1 } },
      flushed,
    );
    if (passed.matchedCount === 1) return active;
  }
}

/**
 * Leaves a session idle in one round trip when every place in it has had its turn, so that nobody can be waiting. A
 * place that a job never took, or that joined another's turn, has none: then somebody has to look.
 */
async function leaveIdle(
  { sessions, clock }: Database,
  sessionId: string,
  endedJob: string,
): Promise<boolean> {
  const left = await sessions.updateOne(
    { _id: sessionId, active: endedJob, $expr: { $eq: ['$accepted', '$turn'] } },
    { $set: { active: null, updated_at: clock.now() } },
    flushed,
  );
  return left.matchedCount === 1;
}
