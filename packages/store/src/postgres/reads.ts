import type { Claim, Job, JobFilter, NewSession, Page, Session, Step, Turn } from '@mcp-fleet/core';
import { encode } from '../record-codec.ts';
import type { Database } from './database.ts';
import {
  type JobRow,
  parseSteps,
  parseTurns,
  type SessionRow,
  stepsJson,
  toJob,
  toSession,
  turnsJson,
} from './rows.ts';

const insertSession = `
  INSERT INTO fleet.sessions (id, tenant, agent, on_busy, metadata, ttl_seconds)
  VALUES ($1, $2, $3, $4, $5, $6) RETURNING *`;

export async function createSession(database: Database, session: NewSession): Promise<Session> {
  const { id, tenant, agent, onBusy, metadata, ttlSeconds = null } = session;
  const values = [id, tenant, agent, onBusy, encode(metadata), ttlSeconds];
  const [row] = await database.flushed<SessionRow>('create_session', insertSession, values);
  return toSession(row as SessionRow);
}

export async function session(database: Database, tenant: string, id: string): Promise<Session | null> {
  const text = `SELECT * FROM fleet.sessions WHERE id = $2 AND tenant = $1`;
  const [row] = await database.lazy<SessionRow>('session', text, [tenant, id]);
  return row ? toSession(row) : null;
}

export async function sessions(database: Database, tenant: string, page: Page): Promise<Session[]> {
  const text = `
    SELECT * FROM fleet.sessions WHERE tenant = $1 AND ($2::text IS NULL OR id < $2) ORDER BY id DESC LIMIT $3`;
  const rows = await database.lazy<SessionRow>('sessions', text, [tenant, page.after ?? null, page.limit]);
  return rows.map(toSession);
}

export async function turns(database: Database, tenant: string, sessionId: string): Promise<Turn[]> {
  const text = `SELECT ${turnsJson('s.id', '0')} AS turns FROM fleet.sessions s WHERE s.id = $2 AND s.tenant = $1`;
  const [row] = await database.lazy<{ turns: string }>('turns', text, [tenant, sessionId]);
  return row ? parseTurns(row.turns) : [];
}

export async function job(database: Database, tenant: string, id: string): Promise<Job | null> {
  const text = `SELECT * FROM fleet.jobs WHERE id = $2 AND tenant = $1`;
  const [row] = await database.lazy<JobRow>('job', text, [tenant, id]);
  return row ? toJob(row) : null;
}

export async function jobs(
  database: Database,
  tenant: string,
  filter: JobFilter,
  page: Page,
): Promise<Job[]> {
  const text = `
    SELECT * FROM fleet.jobs
    WHERE tenant = $1 AND ($2::text IS NULL OR id < $2)
      AND ($3::text IS NULL OR state = $3) AND ($4::text IS NULL OR session_id = $4)
      AND ($5::text IS NULL OR error_code = $5)
    ORDER BY id DESC LIMIT $6`;
  const { state = null, sessionId = null, errorCode = null } = filter;
  const values = [tenant, page.after ?? null, state, sessionId, errorCode, page.limit];
  return (await database.lazy<JobRow>('jobs', text, values)).map(toJob);
}

export async function steps(database: Database, jobId: string): Promise<Step[]> {
  const [row] = await database.lazy<{ steps: string }>('steps', `SELECT ${stepsJson('$1')} AS steps`, [
    jobId,
  ]);
  return row ? parseSteps(row.steps) : [];
}

export function claims(database: Database, jobId: string): Promise<Claim[]> {
  const text = 'SELECT round, slot, epoch FROM fleet.claims WHERE job_id = $1 ORDER BY round, slot';
  return database.lazy<Claim>('claims', text, [jobId]);
}
