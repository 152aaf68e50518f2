import type { Job, JobFilter, NewSession, Page, Session, Step, Turn } from '@mcp-fleet/core';
import { decodeStep, encode } from '../record-codec.ts';
import { type Database, flushed } from './database.ts';
import { type SessionDoc, toJob, toSession } from './documents.ts';
import { after } from './expired-sessions.ts';
import { readSteps, readTurns } from './read-record.ts';

export async function createSession({ sessions, clock }: Database, session: NewSession): Promise<Session> {
  const now = clock.now();
  const { ttlSeconds = null } = session;
  const doc: SessionDoc = {
    _id: session.id,
    tenant: session.tenant,
    agent: session.agent,
    on_busy: session.onBusy,
    metadata: encode(session.metadata),
    ...(ttlSeconds === null ? {} : { ttl_seconds: ttlSeconds, look_at: after(now, ttlSeconds) }),
    active: null,
    accepted: 0,
    admitted: 0,
    turn: 0,
    context_from: 1,
    created_at: now,
    updated_at: now,
  };
  await sessions.insertOne(doc, flushed);
  return toSession(doc);
}

export async function session({ sessions }: Database, tenant: string, id: string): Promise<Session | null> {
  const doc = await sessions.findOne({ _id: id, tenant });
  return doc ? toSession(doc) : null;
}

export async function sessions(database: Database, tenant: string, page: Page): Promise<Session[]> {
  const found = database.sessions.find({ tenant, ...behind(page) });
  return (await found.sort({ _id: -1 }).limit(page.limit).toArray()).map(toSession);
}

export async function turns(database: Database, tenant: string, sessionId: string): Promise<Turn[]> {
  const session = await database.sessions.findOne({ _id: sessionId, tenant }, { projection: { _id: 1 } });
  return session ? readTurns(database, sessionId, 0) : [];
}

export async function job({ jobs }: Database, tenant: string, id: string): Promise<Job | null> {
  const doc = await jobs.findOne({ _id: id, tenant });
  return doc ? toJob(doc) : null;
}

export async function jobs(
  database: Database,
  tenant: string,
  { state, sessionId, errorCode }: JobFilter,
  page: Page,
): Promise<Job[]> {
  const found = database.jobs.find({
    tenant,
    ...behind(page),
    ...(state === undefined ? {} : { state }),
    ...(sessionId === undefined ? {} : { session_id: sessionId }),
    ...(errorCode === undefined ? {} : { error_code: errorCode }),
  });
  return (await found.sort({ _id: -1 }).limit(page.limit).toArray()).map(toJob);
}

export async function steps(database: Database, jobId: string): Promise<Step[]> {
  return (await readSteps(database, [jobId])).map((step) => decodeStep(step.body));
}

/** The part of a filter that makes a page begin behind the one before. */
export function behind(page: Page): { _id?: { $lt: string } } {
  return page.after === undefined ? {} : { _id: { $lt: page.after } };
}
