import { randomUUID } from 'node:crypto';
import { isTerminal, jobFormat, type Take } from '@mcp-fleet/core';
import { decodeStep } from '../record-codec.ts';
import { type Database, flushed, lazy } from './database.ts';
import { type JobDoc, type SessionDoc, toJob, toSession } from './documents.ts';
import { finishJoined, isSteered } from './join.ts';
import { passSession } from './pass-session.ts';
import { readClaims, readSteps, readTurns } from './read-record.ts';

/**
 * Takes a job by compare-and-set on its epoch, and reads all that is needed to go on with it only then, so that
 * what an older epoch recorded up to the take is in it.
 */
export async function take(database: Database, jobId: string, durable: boolean): Promise<Take> {
  for (;;) {
    const job = await database.jobs.findOne({ _id: jobId });
    if (!job) return { kind: 'absent' };
    const [session, recorded] = await Promise.all([
      job.session_id === null ? null : database.sessions.findOne({ _id: job.session_id }),
      job.state === 'running' ? database.steps.countDocuments({ job_id: jobId }) : 0,
    ]);
    const refusal = await refuse(database, job, session);
    if (refusal) return refusal;
    const raised = await raiseEpoch(database, job, session, recorded, durable);
    if (raised) return { kind: 'taken', ...(await readAll(database, raised, session)) };
  }
}

/** The reason that a job is not to be taken, if there is one. */
async function refuse(database: Database, job: JobDoc, session: SessionDoc | null): Promise<Take | null> {
  if (isTerminal(job.state)) {
    const holds = session !== null && session.active === job._id;
    return {
      kind: 'ended',
      state: job.state,
      next: holds ? await passOn(database, session._id, job._id) : null,
    };
  }
  if (job.format > jobFormat) return { kind: 'newer_format', format: job.format };
  if (job.joined !== undefined) return { kind: 'blocked' };
  if (job.state === 'waiting') {
    const waitMs = leftUntil(database, job.wait_until);
    if (waitMs === null || waitMs > 0) return { kind: 'waiting', waitMs };
  }
  return job.session_id !== null && session?.active !== job._id ? { kind: 'blocked' } : null;
}

/** What is left of settling a job whose end was written and nothing else. */
async function passOn(database: Database, sessionId: string, endedJob: string): Promise<string | null> {
  await finishJoined(database, endedJob);
  return passSession(database, sessionId, endedJob);
}

async function readAll(
  database: Database,
  job: JobDoc,
  session: SessionDoc | null,
): Promise<Omit<Extract<Take, { kind: 'taken' }>, 'kind'>> {
  // The first take of a job finds nothing, unless a replay began with something.
  const hasRecord = job.epoch > 1 || job.replay_of !== undefined;
  const [steps, claims, turns, steered, batchBudgeted] = await Promise.all([
    hasRecord ? readSteps(database, [job._id]) : [],
    hasRecord ? readClaims(database, job._id) : [],
    session === null ? [] : readTurns(database, session._id, session.context_from),
    isSteered(database, job),
    isBudgeted(database, job.batch_id),
  ]);
  return {
    job: toJob(job),
    session: session === null ? null : toSession(session),
    steps: steps.map((step) => decodeStep(step.body)),
    claims,
    turns,
    steered,
    batchBudgeted,
    owner: randomUUID(),
    leftMs: leftUntil(database, job.deadline),
    expired: (leftUntil(database, job.expires_at) ?? 1) <= 0,
  };
}

async function isBudgeted({ batches }: Database, batchId: string | null | undefined): Promise<boolean> {
  if (!batchId) return false;
  const batch = await batches.findOne({ _id: batchId }, { projection: { budget: 1 } });
  return batch !== null && (batch.budget.cost !== null || batch.budget.tokens !== null);
}

/** Milliseconds until a time, by the server's clock; null for none. */
function leftUntil({ clock }: Database, time: Date | null | undefined): number | null {
  return time ? time.getTime() - clock.now().getTime() : null;
}

/** The job as it is after the take, or null when another taker was first. */
async function raiseEpoch(
  { jobs, clock }: Database,
  job: JobDoc,
  session: SessionDoc | null,
  recorded: number,
  durable: boolean,
): Promise<JobDoc | null> {
  const now = clock.now();
  const vanished = job.state === 'running';
  const change = {
    state: 'running' as const,
    epoch: job.epoch + 1,
    turn: session?.turn ?? null,
    started_at: job.started_at ?? now,
    updated_at: now,
    wait_until: null,
    wait_reason: null,
    ...(vanished
      ? { crashes: job.crash_steps === recorded ? job.crashes + 1 : 1, crash_steps: recorded }
      : {}),
  };
  const raised = await jobs.updateOne(
    { _id: job._id, epoch: job.epoch, state: job.state },
    { $set: change },
    durable ? flushed : lazy,
  );
  return raised.matchedCount === 1 ? { ...job, ...change } : null;
}
