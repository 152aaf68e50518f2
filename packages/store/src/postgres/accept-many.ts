import { type AgentSpec, acceptedJob, type Job, jobFormat, type NewJob } from '@mcp-fleet/core';
import { encode, encodeContext } from '../record-codec.ts';
import type { Database } from './database.ts';
import type { JobRow } from './rows.ts';

/**
 * In the order of keys, so that two of these statements cannot wait for one another. An agent is sent once,
 * however many of the jobs have it.
 */
const insertMany = `
  INSERT INTO fleet.jobs (id, tenant, agent, query, metadata, idempotency_key, request_hash, not_before, expires_at,
    deadline, batch_id, webhook, budget_cost, budget_tokens, context, trace, format, state, wait_until, wait_reason)
  SELECT n.id, n.tenant, ($17::text[])[n.agent], n.query, n.metadata, n.idempotency_key, n.request_hash, n.not_before,
    n.expires_at, n.deadline, n.batch_id, n.webhook, n.budget_cost, n.budget_tokens, n.context, n.trace, $18,
    CASE WHEN n.not_before > now() THEN 'waiting' ELSE 'queued' END,
    CASE WHEN n.not_before > now() THEN n.not_before END,
    CASE WHEN n.not_before > now() THEN 'not before' END
  FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[], $13::bigint[], $14::bigint[],
    $15::text[], $16::text[]) WITH ORDINALITY
    AS n (id, tenant, agent, query, metadata, idempotency_key, request_hash, not_before, expires_at, deadline,
      batch_id, webhook, budget_cost, budget_tokens, context, trace, place)
  ORDER BY n.tenant, n.idempotency_key, n.place
  ON CONFLICT DO NOTHING
  RETURNING id, state, wait_until, wait_reason, created_at`;

type MadeRow = Pick<JobRow, 'id' | 'state' | 'wait_until' | 'wait_reason' | 'created_at'>;

export async function acceptMany(database: Database, jobs: readonly NewJob[]): Promise<Job[]> {
  if (jobs.length === 0) return [];
  const agents = new Map<AgentSpec, number>();
  for (const { agent } of jobs) if (!agents.has(agent)) agents.set(agent, agents.size + 1);
  const rows = await database.flushed<MadeRow>('accept_many', insertMany, [
    jobs.map((job) => job.id),
    jobs.map((job) => job.tenant),
    jobs.map((job) => agents.get(job.agent)),
    jobs.map((job) => encode(job.query)),
    jobs.map((job) => encode(job.metadata)),
    jobs.map((job) => job.idempotencyKey),
    jobs.map((job) => job.requestHash),
    jobs.map((job) => job.notBefore),
    jobs.map((job) => job.expiresAt),
    jobs.map((job) => job.deadline),
    jobs.map((job) => job.batchId),
    jobs.map((job) => (job.webhook === null ? null : encode(job.webhook))),
    jobs.map((job) => job.budget.cost),
    jobs.map((job) => job.budget.tokens),
    jobs.map((job) => encodeContext(job.context)),
    jobs.map((job) => job.trace),
    [...agents.keys()].map(encode),
    jobFormat,
  ]);
  const made = new Map(rows.map((row) => [row.id, row]));
  return jobs.flatMap((job) => {
    const row = made.get(job.id);
    // Of two jobs with one id the first has it.
    made.delete(job.id);
    return row ? [asMade(job, row)] : [];
  });
}

const asMade = (job: NewJob, row: MadeRow): Job =>
  acceptedJob(job, {
    turn: null,
    state: row.state,
    waitUntil: row.wait_until,
    waitReason: row.wait_reason,
    createdAt: row.created_at,
  });
