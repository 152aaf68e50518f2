import { type Accepted, FleetError, isTerminal } from '@mcp-fleet/core';
import { activate, holderOf } from './admit.ts';
import { type Database, flushed } from './database.ts';
import { type JobDoc, toJob } from './documents.ts';
import { passSession } from './pass-session.ts';

/**
 * Decides about a job of the busy policy `reject` that was inserted as `undecided`. Its document decides, once:
 * it loses the mark, or it is deleted. Whoever comes with the same idempotency key, or the reconciler after a
 * crash, may decide as well, and all come to the same end. Throws `session_busy` for a job that is refused.
 */
export async function decide(database: Database, doc: JobDoc): Promise<Omit<Accepted, 'created'>> {
  const sessionId = doc.session_id as string;
  const ahead = await holdOrLookWho(database, sessionId, doc._id);
  if (ahead === null) {
    if (await keep(database, doc._id)) return accepted(doc, true);
  } else if (await refuse(database, doc._id)) {
    throw busy(sessionId, ahead);
  }
  const standing = await database.jobs.findOne({ _id: doc._id });
  // Somebody else decided; should the job have ended or gone since, this call must not hold the session for it.
  if (standing === null || isTerminal(standing.state)) await passSession(database, sessionId, doc._id);
  if (standing === null) throw busy(sessionId, ahead);
  return accepted(standing, false);
}

const accepted = (doc: JobDoc, ready: boolean) => ({ job: toJob(doc), ready, ahead: null });

/** Null when the job holds the session, otherwise the job that does. */
async function holdOrLookWho(database: Database, sessionId: string, jobId: string): Promise<string | null> {
  for (;;) {
    if (await activate(database, sessionId, jobId)) return null;
    const holder = await holderOf(database, sessionId);
    if (holder !== null) return holder === jobId ? null : holder;
  }
}

async function keep({ jobs }: Database, jobId: string): Promise<boolean> {
  const kept = await jobs.updateOne(
    { _id: jobId, undecided: true },
    { $unset: { undecided: true } },
    flushed,
  );
  return kept.matchedCount === 1;
}

/** Takes an undecided job away, unless it was taken by a worker meanwhile; false when it was not there. */
export async function refuse({ jobs }: Database, jobId: string): Promise<boolean> {
  return (await jobs.deleteOne({ _id: jobId, undecided: true, epoch: 0 }, flushed)).deletedCount === 1;
}

function busy(sessionId: string, ahead: string | null): FleetError {
  const holder = ahead === null ? 'another job' : `job ${ahead}`;
  return new FleetError(
    'session_busy',
    `Session ${sessionId} is busy with ${holder}. Send the query again when that has ended, or with another policy.`,
  );
}
