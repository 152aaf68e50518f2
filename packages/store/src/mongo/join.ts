import { type Fence, isTerminal, type JoinedQuery, totalsOf } from '@mcp-fleet/core';
import { decodeQuery, decodeStep, encode } from '../record-codec.ts';
import { admitNext } from './admit.ts';
import { type Database, flushed, lazy } from './database.ts';
import type { EndChange, JobDoc } from './documents.ts';
import { readSteps } from './read-record.ts';
import { holds } from './record-step.ts';

const noTotals = encode(totalsOf([]));

/** Jobs that are set to join a turn and have not ended with it yet. */
const joining = (host: string) => ({ state: 'waiting' as const, joined: host });

/** Queued jobs that may join the running turn of their session. */
export const steering = (sessions: string[]) => ({
  session_id: { $in: sessions },
  state: 'queued' as const,
  steers: true as const,
});

/** True when jobs have been set to join a turn, or are queued and may. */
export async function isSteered({ jobs }: Database, host: JobDoc): Promise<boolean> {
  if (host.session_id === null) return false;
  const one = { projection: { _id: 1 } };
  const [waits, joins] = await Promise.all([
    jobs.findOne(steering([host.session_id]), one),
    jobs.findOne(joining(host._id), one),
  ]);
  return waits !== null || joins !== null;
}

/**
 * Sets the queued jobs that steer to join the turn. The fence is looked at before and after: a turn that ended
 * in between has not seen the jobs, which are given back at once.
 */
export async function join(database: Database, fence: Fence): Promise<JoinedQuery[] | 'superseded'> {
  if (!(await holds(database, fence))) return 'superseded';
  if (fence.sessionId === null) return [];
  await database.jobs.updateMany(
    steering([fence.sessionId]),
    { $set: { ...joining(fence.jobId), wait_until: null, updated_at: database.clock.now() } },
    lazy,
  );
  if (!(await holds(database, fence))) {
    await giveBack(database, fence.jobId, fence.sessionId);
    return 'superseded';
  }
  const docs = await database.jobs
    .find(joining(fence.jobId), { projection: { query: 1 } })
    .sort({ seq: 1 })
    .toArray();
  return docs.map((doc) => ({ jobId: doc._id, query: decodeQuery(doc.query) }));
}

/**
 * Ends the jobs whose queries stand in the record of an ended turn as the turn ended, and sets the others that
 * were to join it back to waiting for their own. Safe to repeat. Returns how many it changed.
 */
export async function endJoined(
  database: Database,
  host: string,
  change: EndChange,
  recorded: string[],
): Promise<number> {
  const now = database.clock.now();
  const ended =
    recorded.length === 0
      ? null
      : await database.jobs.updateMany(
          { _id: { $in: recorded }, ...joining(host) },
          { $set: { ...change, totals: noTotals, ended_at: now, updated_at: now } },
          flushed,
        );
  return (ended?.modifiedCount ?? 0) + (await giveAllBack(database, host));
}

async function giveAllBack({ jobs, clock }: Database, host: string): Promise<number> {
  const back = await jobs.updateMany(
    joining(host),
    { $set: { state: 'queued', updated_at: clock.now() }, $unset: { joined: true } },
    flushed,
  );
  return back.modifiedCount;
}

/**
 * Does what `endJoined` does for a turn that ended some time ago, by its record. A turn that is no longer there
 * gives all its jobs back; for one that has not ended nothing is done.
 */
export async function finishJoined(database: Database, host: string): Promise<number> {
  const { jobs } = database;
  if (!(await jobs.findOne(joining(host), { projection: { _id: 1 } }))) return 0;
  const doc = await jobs.findOne({ _id: host });
  if (doc === null) return giveAllBack(database, host);
  if (!isTerminal(doc.state)) return 0;
  const steps = (await readSteps(database, [host])).map((step) => decodeStep(step.body));
  const recorded = steps.flatMap((step) => (step.kind === 'steer' ? step.jobs : []));
  const { state, answer, stop_reason, error, error_code = null } = doc;
  return endJoined(database, host, { state, answer, stop_reason, error, error_code }, recorded);
}

/**
 * As `finishJoined`, and lets the session see the jobs that have their own turn again. Returns the id of the
 * session's next job when it was idle and that one became ready.
 */
export async function giveBack(database: Database, host: string, sessionId: string): Promise<string | null> {
  return (await finishJoined(database, host)) === 0 ? null : admitNext(database, sessionId);
}
