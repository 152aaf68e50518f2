import { refuse } from './accept-if-idle.ts';
import { admitNext } from './admit.ts';
import type { Database } from './database.ts';
import { unended } from './documents.ts';
import { finishJoined, giveBack } from './join.ts';
import { passSession } from './pass-session.ts';
import { walk } from './walk.ts';

/** Milliseconds after which a job that is in no queue was left behind, rather than on its way. */
const abandonedMs = 5_000;

/** Sessions held by a job that has ended or is missing, and jobs that were inserted and never admitted. */
export async function freeSessions(database: Database, limit: number): Promise<string[]> {
  return first(limit, passHeld(database), admitAbandoned(database));
}

/** What the repairs made ready, up to a limit; they stop where they are once it is reached. */
async function first(limit: number, ...repairs: AsyncIterable<string>[]): Promise<string[]> {
  const ready: string[] = [];
  for (const repair of repairs) {
    for await (const jobId of repair) {
      ready.push(jobId);
      if (ready.length === limit) return ready;
    }
  }
  return ready;
}

async function* passHeld(database: Database): AsyncGenerator<string, void, void> {
  const { sessions } = database;
  const projection = { active: 1 };
  for await (const held of walk(sessions, { active: { $gt: '' } }, { projection })) {
    const holders = held.flatMap((session) => session.active ?? []);
    const alive = await stillToEnd(database, holders);
    for (const session of held) {
      if (session.active === null || alive.has(session.active)) continue;
      await finishJoined(database, session.active);
      const next = await passSession(database, session._id, session.active);
      if (next !== null) yield next;
    }
  }
}

async function* admitAbandoned(database: Database): AsyncGenerator<string, void, void> {
  const { jobs, sessions } = database;
  const filter = {
    state: { $in: ['queued' as const, 'waiting' as const] },
    session_id: { $ne: null },
    joined: { $exists: false },
    updated_at: { $lt: new Date(database.clock.now().getTime() - abandonedMs) },
  };
  const projection = { session_id: 1, undecided: 1 };
  for await (const left of walk(jobs, filter, { projection })) {
    const ids = [...new Set(left.flatMap((job) => job.session_id ?? []))];
    const found = await sessions.find({ _id: { $in: ids } }, { projection: { active: 1 } }).toArray();
    const holders = new Set(found.map((session) => session.active));
    for (const job of left) {
      if (job.undecided && !holders.has(job._id)) await refuse(database, job._id);
    }
    for (const session of found.filter(({ active }) => active === null)) {
      const next = await admitNext(database, session._id);
      if (next !== null) yield next;
    }
  }
}

/** Ends, or gives their own turn back to, jobs that joined a turn which has ended. */
export async function freeJoined(database: Database, limit: number): Promise<string[]> {
  return first(limit, finishLeftBehind(database));
}

async function* finishLeftBehind(database: Database): AsyncGenerator<string, void, void> {
  const { jobs } = database;
  const filter = { state: 'waiting' as const, joined: { $exists: true } };
  for await (const joined of walk(jobs, filter, { projection: { joined: 1, session_id: 1 } })) {
    const sessionOf = new Map(joined.map((job) => [job.joined as string, job.session_id as string]));
    const alive = await stillToEnd(database, [...sessionOf.keys()]);
    for (const [host, sessionId] of sessionOf) {
      const next = alive.has(host) ? null : await giveBack(database, host, sessionId);
      if (next !== null) yield next;
    }
  }
}

/** Those of the jobs that are there and have not ended. */
async function stillToEnd({ jobs }: Database, ids: string[]): Promise<Set<string>> {
  const found = await jobs.find({ _id: { $in: ids }, state: unended }, { projection: { _id: 1 } }).toArray();
  return new Set(found.map((job) => job._id));
}
