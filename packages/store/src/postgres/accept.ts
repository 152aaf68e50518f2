import { type Accepted, FleetError, jobFormat, type NewJob } from '@mcp-fleet/core';
import { encode } from '../record-codec.ts';
import { type Database, isDuplicate } from './database.ts';
import { type JobRow, toJob } from './rows.ts';

const columns = `(id, tenant, session_id, turn, agent, query, metadata, format, idempotency_key, request_hash)`;

const insertAlone = `
  INSERT INTO fleet.jobs ${columns} VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $8, $9) RETURNING *, true AS ready`;

/**
 * The session's row is locked by the update, so turns are given out in the order of acceptance. A duplicate
 * key fails the whole statement, the session's part included.
 */
const insertInSession = `
  WITH held AS (
    UPDATE fleet.sessions
    SET next_turn = next_turn + 1, active_job = coalesce(active_job, $1), updated_at = now()
    WHERE id = $3 AND tenant = $2
    RETURNING next_turn - 1 AS turn, active_job
  )
  INSERT INTO fleet.jobs ${columns}
  SELECT $1, $2, $3, held.turn, $4, $5, $6, $7, $8, $9 FROM held
  RETURNING *, (SELECT active_job FROM held) = $1 AS ready`;

const readByKey = `SELECT * FROM fleet.jobs WHERE tenant = $1 AND idempotency_key = $2`;

export async function accept(database: Database, job: NewJob): Promise<Accepted> {
  const values = [
    job.id,
    job.tenant,
    job.sessionId,
    encode(job.agent),
    encode(job.query),
    encode(job.metadata),
    jobFormat,
    job.idempotencyKey,
    job.requestHash,
  ];
  const [name, text] =
    job.sessionId === null ? ['accept', insertAlone] : ['accept_in_session', insertInSession];
  try {
    const [row] = await database.flushed<JobRow & { ready: boolean }>(name, text, values);
    if (row) return { job: toJob(row), created: true, ready: row.ready };
  } catch (thrown) {
    if (isDuplicate(thrown) && job.idempotencyKey !== null) return standing(database, job);
    throw thrown;
  }
  throw new FleetError(
    'session_not_found',
    `There is no session ${job.sessionId}. Create one first, or leave the session out.`,
  );
}

/** The job that holds the idempotency key already. */
async function standing(database: Database, job: NewJob): Promise<Accepted> {
  const [row] = await database.flushed<JobRow>('job_by_key', readByKey, [job.tenant, job.idempotencyKey]);
  if (!row) throw new FleetError('internal', `Job ${job.id} exists already under another idempotency key.`);
  if (row.request_hash === job.requestHash) return { job: toJob(row), created: false, ready: false };
  throw new FleetError(
    'idempotency_conflict',
    `The idempotency key was used before with another request (job ${row.id}). Use a new key for a new request.`,
  );
}
