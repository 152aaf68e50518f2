import { admit } from './accept.ts';
import type { Database } from './database.ts';
import { passSession } from './pass-session.ts';

/** Milliseconds after which a job that is in no queue was left behind, rather than on its way. */
const abandonedMs = 5_000;

export async function unmovedJobs(
  { jobs, sessions }: Database,
  idleMs: number,
  limit: number,
): Promise<string[]> {
  const before = new Date(Date.now() - idleMs);
  const found = await jobs
    .find(
      {
        updated_at: { $lt: before },
        $or: [
          { state: { $in: ['queued', 'running'] } },
          { state: 'waiting', wait_until: { $lte: new Date() } },
        ],
      },
      { projection: { session_id: 1 } },
    )
    .sort({ _id: 1 })
    .limit(limit)
    .toArray();
  const held = found.flatMap((job) => job.session_id ?? []);
  const active = await sessions.find({ _id: { $in: held } }, { projection: { active: 1 } }).toArray();
  const activeJobs = new Set(active.map((session) => session.active));
  return found.filter((job) => job.session_id === null || activeJobs.has(job._id)).map((job) => job._id);
}

/** Sessions held by a job that has ended or is missing, and jobs that were inserted and never admitted. */
export async function freeSessions(database: Database, limit: number): Promise<string[]> {
  const { jobs, sessions } = database;
  const held = await sessions
    .find({ active: { $ne: null } }, { projection: { active: 1 } })
    .sort({ updated_at: 1 })
    .limit(limit)
    .toArray();
  const holders = held.map((session) => session.active as string);
  const unended = await jobs
    .find(
      { _id: { $in: holders }, state: { $in: ['queued', 'running', 'waiting'] } },
      { projection: { _id: 1 } },
    )
    .toArray();
  const alive = new Set(unended.map((job) => job._id));
  const ready: string[] = [];
  for (const session of held.filter(({ active }) => !alive.has(active as string))) {
    const next = await passSession(database, session._id, session.active as string);
    if (next !== null) ready.push(next);
  }
  return [...ready, ...(await admitAbandoned(database, limit))];
}

async function admitAbandoned(database: Database, limit: number): Promise<string[]> {
  const { jobs, sessions } = database;
  const before = new Date(Date.now() - abandonedMs);
  const waiting = await jobs
    .find(
      { state: 'queued', session_id: { $ne: null }, updated_at: { $lt: before } },
      { projection: { session_id: 1 } },
    )
    .sort({ seq: 1 })
    .limit(limit)
    .toArray();
  const ids = [...new Set(waiting.map((job) => job.session_id as string))];
  const idle = await sessions.find({ _id: { $in: ids }, active: null }, { projection: { _id: 1 } }).toArray();
  const ready: string[] = [];
  for (const { _id } of idle) {
    const first = waiting.find((job) => job.session_id === _id);
    if (first && (await admit(database, _id, first._id))) ready.push(first._id);
  }
  return ready;
}
