import { type Accepted, acceptedJob, FleetError, type Job, jobFormat, type NewJob } from '@mcp-fleet/core';
import { encode, encodeContext, encodeStep } from '../record-codec.ts';
import { type Database, isDuplicate } from './database.ts';
import { type JobRow, toJob } from './rows.ts';

const columns = `(id, tenant, session_id, turn, agent, query, metadata, format, idempotency_key, request_hash,
  steers, not_before, expires_at, deadline, replay_of, batch_id, webhook, budget_cost, budget_tokens,
  context, trace, state, wait_until, wait_reason)`;

const values = (turn: string) => `$1, $2, $3, ${turn}, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
  $20, $21, $22::bigint, $23::bigint, $24, $25, CASE WHEN $11 > now() THEN 'waiting' ELSE 'queued' END,
  CASE WHEN $11 > now() THEN $11 END, CASE WHEN $11 > now() THEN 'not before' END`;

/** What a replay begins with. The casts tell PostgreSQL the types of parameters that are mostly empty. */
const insertRecord = `
  steps AS (
    INSERT INTO fleet.steps (job_id, round, slot, body)
    SELECT made.id, s.round, s.slot, s.body
    FROM made, unnest($15::int[], $16::int[], $17::text[]) AS s (round, slot, body)
  ),
  claims AS (
    INSERT INTO fleet.claims (job_id, round, slot, epoch)
    SELECT made.id, c.round, c.slot, 0 FROM made, unnest($18::int[], $19::int[]) AS c (round, slot)
  )`;

/** What the database decides of a new job. */
const decided = 'id, turn, state, wait_until, wait_reason, created_at';

const insertAlone = `
  WITH made AS (INSERT INTO fleet.jobs ${columns} VALUES (${values('NULL')}) RETURNING ${decided}),
  ${insertRecord}
  SELECT made.*, $1::text AS active_job FROM made`;

/**
 * The session's row is locked by the update, so turns are given out in the order of acceptance. A duplicate
 * key fails the whole statement, the session's part included.
 */
const insertInSession = `
  WITH held AS (
    UPDATE fleet.sessions
    SET next_turn = next_turn + 1, active_job = coalesce(active_job, $1), updated_at = now()
    WHERE id = $3 AND tenant = $2 AND ($26::boolean = false OR active_job IS NULL)
    RETURNING next_turn - 1 AS turn, active_job
  ),
  made AS (INSERT INTO fleet.jobs ${columns} SELECT ${values('held.turn')} FROM held RETURNING ${decided}),
  ${insertRecord}
  SELECT made.*, held.active_job FROM made, held`;

const readByKey = `SELECT * FROM fleet.jobs WHERE tenant = $1 AND idempotency_key = $2`;

type AcceptedRow = Pick<JobRow, 'turn' | 'state' | 'wait_until' | 'wait_reason' | 'created_at'> & {
  active_job: string;
};

export async function accept(database: Database, job: NewJob): Promise<Accepted> {
  const parameters = parametersOf(job);
  try {
    const [row] =
      job.sessionId === null
        ? await database.flushed<AcceptedRow>('accept', insertAlone, parameters)
        : await database.flushed<AcceptedRow>('accept_in_session', insertInSession, [
            ...parameters,
            job.onBusy === 'reject',
          ]);
    if (row) {
      const ready = row.active_job === job.id;
      return { job: withDecided(job, row), created: true, ready, ahead: ready ? null : row.active_job };
    }
  } catch (thrown) {
    if (isDuplicate(thrown) && job.idempotencyKey !== null) return standing(database, job);
    throw thrown;
  }
  throw await refusal(database, job);
}

const withDecided = (job: NewJob, row: AcceptedRow): Job =>
  acceptedJob(job, {
    turn: row.turn,
    state: row.state,
    waitUntil: row.wait_until,
    waitReason: row.wait_reason,
    createdAt: row.created_at,
  });

function parametersOf(job: NewJob): unknown[] {
  const { steps, claims } = job.replay ?? { steps: [], claims: [] };
  return [
    job.id,
    job.tenant,
    job.sessionId,
    encode(job.agent),
    encode(job.query),
    encode(job.metadata),
    jobFormat,
    job.idempotencyKey,
    job.requestHash,
    job.onBusy === 'steer',
    job.notBefore,
    job.expiresAt,
    job.deadline,
    job.replay?.of ?? null,
    steps.map((step) => step.round),
    steps.map((step) => step.slot),
    steps.map(encodeStep),
    claims.map((claim) => claim.round),
    claims.map((claim) => claim.slot),
    job.batchId,
    job.webhook === null ? null : encode(job.webhook),
    job.budget.cost,
    job.budget.tokens,
    encodeContext(job.context),
    job.trace,
  ];
}

/** The job that holds the idempotency key already. */
async function standing(database: Database, job: NewJob): Promise<Accepted> {
  const [row] = await database.flushed<JobRow>('job_by_key', readByKey, [job.tenant, job.idempotencyKey]);
  if (!row) throw new FleetError('internal', `Job ${job.id} exists already under another idempotency key.`);
  if (row.request_hash === job.requestHash) {
    return { job: toJob(row), created: false, ready: false, ahead: null };
  }
  throw new FleetError(
    'idempotency_conflict',
    `The idempotency key was used before with another request (job ${row.id}). Use a new key for a new request.`,
  );
}

/** Why no row was written: the session is not there, or it is busy and the job was not to wait. */
async function refusal(database: Database, job: NewJob): Promise<FleetError> {
  const text = 'SELECT active_job FROM fleet.sessions WHERE id = $1 AND tenant = $2';
  const [session] = await database.flushed<{ active_job: string | null }>('busy', text, [
    job.sessionId,
    job.tenant,
  ]);
  if (!session) {
    return new FleetError(
      'session_not_found',
      `There is no session ${job.sessionId}. Create one first, or leave the session out.`,
    );
  }
  return new FleetError(
    'session_busy',
    `Session ${job.sessionId} is busy with job ${session.active_job ?? 'that has just ended'}. Submit again when it has ended, or choose another busy policy.`,
  );
}
