import { type Database, flushed } from './database.ts';
import type { SessionDoc } from './documents.ts';
import { nextJob } from './pass-session.ts';

/** What admitting came to. `ready` is true when this call made the job active. */
export interface Admitted {
  ready: boolean;
  ahead: string | null;
}

/** Makes the job active if its session is idle, and says whether this call did. */
export async function activate(
  { sessions, clock }: Database,
  sessionId: string,
  jobId: string,
): Promise<boolean> {
  const activated = await sessions.updateOne(
    { _id: sessionId, active: null },
    { $set: { active: jobId, updated_at: clock.now() }, $inc: { turn: 1, admitted: 1 } },
    flushed,
  );
  return activated.matchedCount === 1;
}

/**
 * Makes the job active if its session is idle. Otherwise it raises `admitted`, so that a pass that looked for
 * waiting jobs before this one was there is tried again. `session` is as it was last seen.
 */
export async function admit(
  database: Database,
  session: Pick<SessionDoc, '_id' | 'active'>,
  jobId: string,
): Promise<Admitted> {
  let { active } = session;
  for (;;) {
    if (active === jobId) return { ready: false, ahead: null };
    if (active === null) {
      if (await activate(database, session._id, jobId)) return { ready: true, ahead: null };
    } else {
      const waiting = await database.sessions.updateOne(
        { _id: session._id, active },
        { $set: { updated_at: database.clock.now() }, $inc: { admitted: 1 } },
        flushed,
      );
      if (waiting.matchedCount === 1) return { ready: false, ahead: active };
    }
    active = await holderOf(database, session._id);
  }
}

/** Admits the next job of a session, for a repair; returns its id when it became active. */
export async function admitNext(database: Database, sessionId: string): Promise<string | null> {
  const active = await holderOf(database, sessionId);
  const next = await nextJob(database, sessionId);
  if (next === null) return null;
  return (await admit(database, { _id: sessionId, active }, next)).ready ? next : null;
}

/** The job that holds a session now. */
export async function holderOf({ sessions }: Database, sessionId: string): Promise<string | null> {
  const session = await sessions.findOne({ _id: sessionId }, { projection: { active: 1 } });
  return session?.active ?? null;
}
