import { type Database, flushed } from './database.ts';

/** Passes a session from a job that has ended to its next one; returns that job's id, null if there is none. */
export async function passSession(
  database: Database,
  sessionId: string,
  endedJob: string,
): Promise<string | null> {
  const { sessions, jobs } = database;
  for (;;) {
    const session = await sessions.findOne({ _id: sessionId }, { projection: { active: 1, admitted: 1 } });
    if (session?.active !== endedJob) return null;
    const next = await jobs.findOne(
      { session_id: sessionId, state: { $in: ['queued', 'running', 'waiting'] }, _id: { $ne: endedJob } },
      { sort: { seq: 1 }, projection: { _id: 1 } },
    );
    const active = next?._id ?? null;
    const passed = await sessions.updateOne(
      { _id: sessionId, active: endedJob, admitted: session.admitted },
      { $set: { active, updated_at: new Date() }, $inc: { turn: active === null ? 0 : 1 } },
      flushed,
    );
    if (passed.matchedCount === 1) return active;
  }
}
