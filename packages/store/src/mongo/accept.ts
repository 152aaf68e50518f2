import { type Accepted, FleetError, jobFormat, type NewJob } from '@mcp-fleet/core';
import { encode } from '../record-codec.ts';
import { type Database, flushed, isDuplicate } from './database.ts';
import { type JobDoc, toJob } from './documents.ts';

/**
 * Inserts the job, then admits it to its session. A crash in between leaves a job that nobody was told of; it
 * is admitted by whoever passes the session on, or by the reconciler.
 */
export async function accept(database: Database, job: NewJob): Promise<Accepted> {
  const seq = job.sessionId === null ? null : await nextSequence(database, job.tenant, job.sessionId);
  const doc = newDocument(job, seq);
  try {
    await database.jobs.insertOne(doc, flushed);
  } catch (thrown) {
    if (isDuplicate(thrown) && job.idempotencyKey !== null) return standing(database, job);
    throw thrown;
  }
  const ready = job.sessionId === null || (await admit(database, job.sessionId, job.id));
  return { job: toJob(doc), created: true, ready };
}

/** The next place in the session's order. A place that no job comes to take is a harmless gap. */
async function nextSequence({ sessions }: Database, tenant: string, sessionId: string): Promise<number> {
  const session = await sessions.findOneAndUpdate(
    { _id: sessionId, tenant },
    { $inc: { accepted: 1 } },
    { returnDocument: 'after', projection: { accepted: 1 } },
  );
  if (session) return session.accepted;
  throw new FleetError(
    'session_not_found',
    `There is no session ${sessionId}. Create one first, or leave the session out.`,
  );
}

/**
 * Makes the job active if its session is idle, and says whether this call did. Otherwise it raises
 * `admitted`, so that a pass that looked for waiting jobs before this one was there is tried again.
 */
export async function admit({ sessions }: Database, sessionId: string, jobId: string): Promise<boolean> {
  for (;;) {
    const now = new Date();
    const activated = await sessions.updateOne(
      { _id: sessionId, active: null },
      { $set: { active: jobId, updated_at: now }, $inc: { turn: 1, admitted: 1 } },
      flushed,
    );
    if (activated.matchedCount === 1) return true;
    const waiting = await sessions.updateOne(
      { _id: sessionId, active: { $ne: null } },
      { $set: { updated_at: now }, $inc: { admitted: 1 } },
      flushed,
    );
    if (waiting.matchedCount === 1) return false;
  }
}

/** The job that holds the idempotency key already. */
async function standing({ jobs }: Database, job: NewJob): Promise<Accepted> {
  const doc = await jobs.findOne({ tenant: job.tenant, idempotency_key: job.idempotencyKey as string });
  if (!doc) throw new FleetError('internal', `Job ${job.id} exists already under another idempotency key.`);
  if (doc.request_hash === job.requestHash) return { job: toJob(doc), created: false, ready: false };
  throw new FleetError(
    'idempotency_conflict',
    `The idempotency key was used before with another request (job ${doc._id}). Use a new key for a new request.`,
  );
}

function newDocument(job: NewJob, seq: number | null): JobDoc {
  const now = new Date();
  return {
    _id: job.id,
    tenant: job.tenant,
    session_id: job.sessionId,
    seq,
    turn: null,
    state: 'queued',
    agent: encode(job.agent),
    query: encode(job.query),
    metadata: encode(job.metadata),
    format: jobFormat,
    epoch: 0,
    crashes: 0,
    crash_steps: 0,
    transient_failures: 0,
    wait_until: null,
    wait_reason: null,
    answer: null,
    stop_reason: null,
    error: null,
    totals: null,
    ...(job.idempotencyKey === null ? {} : { idempotency_key: job.idempotencyKey }),
    request_hash: job.requestHash,
    created_at: now,
    started_at: null,
    ended_at: null,
    updated_at: now,
  };
}
