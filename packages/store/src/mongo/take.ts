import { isTerminal, jobFormat, type Take, type Turn } from '@mcp-fleet/core';
import { decodeQuery, decodeStep } from '../record-codec.ts';
import { type Database, lazy } from './database.ts';
import { type JobDoc, type SessionDoc, type StepDoc, toJob, toSession } from './documents.ts';
import { passSession } from './pass-session.ts';

/** Takes a job by compare-and-set on its epoch, and reads all that is needed to go on with it. */
export async function take(database: Database, jobId: string): Promise<Take> {
  const { jobs, sessions, claims } = database;
  for (;;) {
    const [job, steps, claimed] = await Promise.all([
      jobs.findOne({ _id: jobId }),
      readSteps(database, [jobId]),
      claims.find({ job_id: jobId }).toArray(),
    ]);
    if (!job) return { kind: 'absent' };
    const session = job.session_id === null ? null : await sessions.findOne({ _id: job.session_id });
    const refusal = await refuse(database, job, session);
    if (refusal) return refusal;
    const [changed, turns] = await Promise.all([
      raiseEpoch(database, job, session, steps.length),
      session === null ? [] : readTurns(database, session._id, session.context_from),
    ]);
    if (!changed) continue;
    return {
      kind: 'taken',
      job: toJob(changed),
      session: session === null ? null : toSession(session),
      steps: steps.map((step) => decodeStep(step.body)),
      claims: claimed.map(({ round, slot, epoch }) => ({ round, slot, epoch })),
      turns,
    };
  }
}

/** The reason that a job is not to be taken, if there is one. */
async function refuse(database: Database, job: JobDoc, session: SessionDoc | null): Promise<Take | null> {
  if (isTerminal(job.state)) {
    const holds = session !== null && session.active === job._id;
    return {
      kind: 'ended',
      state: job.state,
      next: holds ? await passSession(database, session._id, job._id) : null,
    };
  }
  if (job.format > jobFormat) return { kind: 'newer_format', format: job.format };
  if (job.state === 'waiting' && job.wait_until !== null && job.wait_until.getTime() > Date.now()) {
    return { kind: 'waiting', until: job.wait_until };
  }
  return job.session_id !== null && session?.active !== job._id ? { kind: 'blocked' } : null;
}

/** The job as it is after the take, or null when another taker was first. */
async function raiseEpoch(
  { jobs }: Database,
  job: JobDoc,
  session: SessionDoc | null,
  recorded: number,
): Promise<JobDoc | null> {
  const now = new Date();
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
    lazy,
  );
  return raised.matchedCount === 1 ? { ...job, ...change } : null;
}

/** Steps of jobs, each job's in order. */
export function readSteps({ steps }: Database, jobIds: string[]): Promise<StepDoc[]> {
  return steps
    .find({ job_id: { $in: jobIds } })
    .sort({ job_id: 1, _id: 1 })
    .toArray();
}

/** The succeeded turns of a session in order, from a turn on. */
export async function readTurns(database: Database, sessionId: string, from: number): Promise<Turn[]> {
  const jobs = await database.jobs
    .find(
      { session_id: sessionId, state: 'succeeded', turn: { $gte: from } },
      { projection: { query: 1, turn: 1 } },
    )
    .sort({ turn: 1 })
    .toArray();
  if (jobs.length === 0) return [];
  const byJob = Map.groupBy(
    await readSteps(
      database,
      jobs.map((job) => job._id),
    ),
    (step) => step.job_id,
  );
  return jobs.map((job) => ({
    jobId: job._id,
    turn: job.turn as number,
    query: decodeQuery(job.query),
    steps: (byJob.get(job._id) ?? []).map((step) => decodeStep(step.body)),
  }));
}
