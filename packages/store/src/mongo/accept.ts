import { type Accepted, FleetError, jobFormat, type NewJob } from '@mcp-fleet/core';
import { encode, encodeContext, encodeStep } from '../record-codec.ts';
import { decide } from './accept-if-idle.ts';
import { admit } from './admit.ts';
import { type Database, flushed, insertNew, isDuplicate } from './database.ts';
import { type JobDoc, positionKey, type SessionDoc, toJob } from './documents.ts';

/**
 * Inserts the job, then admits it to its session. A crash in between leaves a job that nobody was told of; it
 * is admitted by whoever passes the session on, or by the reconciler.
 */
export async function accept(database: Database, job: NewJob): Promise<Accepted> {
  const session = job.sessionId === null ? null : await nextPlace(database, job.tenant, job.sessionId);
  const doc = newDocument(job, session?.accepted ?? null, database.clock.now());
  if (job.replay !== null) await insertReplay(database, job.id, job.replay);
  try {
    await database.jobs.insertOne(doc, flushed);
  } catch (thrown) {
    if (isDuplicate(thrown) && job.idempotencyKey !== null) return standing(database, job);
    throw thrown;
  }
  if (session === null) return { job: toJob(doc), created: true, ready: true, ahead: null };
  if (doc.undecided) return { ...(await decide(database, doc)), created: true };
  return { job: toJob(doc), created: true, ...(await admit(database, session, job.id)) };
}

type Place = Pick<SessionDoc, '_id' | 'accepted' | 'active'>;

/** The next place in the session's order. A place that no job comes to take is a harmless gap. */
async function nextPlace({ sessions }: Database, tenant: string, sessionId: string): Promise<Place> {
  const session = await sessions.findOneAndUpdate(
    { _id: sessionId, tenant },
    { $inc: { accepted: 1 } },
    { returnDocument: 'after', projection: { accepted: 1, active: 1 } },
  );
  if (session) return session;
  throw new FleetError(
    'session_not_found',
    `There is no session ${sessionId}. Create one first, or leave the session out.`,
  );
}

/** The record that a replay begins with, before its job is there: without the job it is never read. */
async function insertReplay(
  { steps, claims }: Database,
  jobId: string,
  replay: NonNullable<NewJob['replay']>,
): Promise<void> {
  const at = (position: { round: number; slot: number }) => ({
    _id: positionKey(jobId, position),
    job_id: jobId,
  });
  const recorded = replay.steps.map((step) => ({ ...at(step), body: encodeStep(step) }));
  const claimed = replay.claims.map(({ round, slot }) => ({
    ...at({ round, slot }),
    round,
    slot,
    epoch: 0,
    owner: '',
  }));
  await Promise.all([insertNew(steps, recorded, flushed), insertNew(claims, claimed, flushed)]);
}

/**
 * The job that holds the idempotency key already. Another call may be about to write it: it counts once a majority has it, since
 * this call's answer promises as much as that one's.
 */
async function standing(database: Database, job: NewJob): Promise<Accepted> {
  const key = { tenant: job.tenant, idempotency_key: job.idempotencyKey as string };
  const doc = await database.jobs.findOne(key, { readConcern: { level: 'majority' } });
  if (!doc) {
    const twice = await database.jobs.findOne({ _id: job.id }, { projection: { _id: 1 } });
    if (twice) throw new FleetError('internal', `Job ${job.id} exists already under another key.`);
    // The job that stood there was refused in between, so the key is free again.
    return accept(database, job);
  }
  if (doc.request_hash !== job.requestHash) {
    throw new FleetError(
      'idempotency_conflict',
      `The idempotency key was used before with another request (job ${doc._id}). Use a new key for a new request.`,
    );
  }
  if (doc.undecided && doc.epoch === 0) return { ...(await decide(database, doc)), created: false };
  return { job: toJob(doc), created: false, ready: false, ahead: null };
}

export function newDocument(job: NewJob, seq: number | null, now: Date): JobDoc {
  const context = encodeContext(job.context);
  const early = job.notBefore !== null && job.notBefore > now;
  return {
    _id: job.id,
    tenant: job.tenant,
    session_id: job.sessionId,
    seq,
    turn: null,
    state: early ? 'waiting' : 'queued',
    agent: encode(job.agent),
    ...(context === null ? {} : { context }),
    query: encode(job.query),
    metadata: encode(job.metadata),
    format: jobFormat,
    epoch: 0,
    crashes: 0,
    crash_steps: 0,
    failures: { model: 0, tools: 0 },
    wait_until: early ? job.notBefore : null,
    wait_reason: early ? 'not before' : null,
    answer: null,
    stop_reason: null,
    error: null,
    totals: null,
    ...(job.notBefore === null ? {} : { not_before: job.notBefore }),
    ...(job.expiresAt === null ? {} : { expires_at: job.expiresAt }),
    ...(job.deadline === null ? {} : { deadline: job.deadline }),
    ...(job.webhook === null ? {} : { webhook: encode(job.webhook) }),
    ...(job.trace === null ? {} : { trace: job.trace }),
    ...(job.budget.cost === null ? {} : { budget_cost: job.budget.cost }),
    ...(job.budget.tokens === null ? {} : { budget_tokens: job.budget.tokens }),
    ...(job.replay === null ? {} : { replay_of: job.replay.of }),
    ...(job.batchId === null ? {} : { batch_id: job.batchId }),
    ...(job.onBusy === 'steer' && seq !== null ? { steers: true } : {}),
    ...(job.onBusy === 'reject' && seq !== null ? { undecided: true } : {}),
    ...(job.idempotencyKey === null ? {} : { idempotency_key: job.idempotencyKey }),
    request_hash: job.requestHash,
    created_at: now,
    started_at: null,
    ended_at: null,
    updated_at: now,
  };
}
