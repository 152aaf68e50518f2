import pg from 'pg';
import type { JobRow, StepRow, StoreView } from './store-view.ts';

const jobs = `
  SELECT id, session_id AS "sessionId", turn, state, epoch, crashes, answer, error, query,
    idempotency_key AS "idempotencyKey", (extract(epoch FROM ended_at) * 1000)::float8 AS "endedAt"
  FROM fleet.jobs ORDER BY id`;

const steps = `
  SELECT job_id AS "jobId", round, slot, body FROM fleet.steps
  WHERE $1::text[] IS NULL OR job_id = ANY ($1) ORDER BY job_id, round, slot`;

/** The store on PostgreSQL. */
export function openPostgresView(url: string): StoreView {
  const pool = new pg.Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: 3_000,
    query_timeout: 10_000,
    application_name: 'chaos checker',
  });
  pool.on('error', () => undefined);
  return {
    jobs: async () => (await pool.query<JobRow>(jobs)).rows,
    steps: async (ids) => (await pool.query<StepRow>(steps, [ids ?? null])).rows,
    dropStepUniqueness: async () => {
      await pool.query('ALTER TABLE fleet.steps DROP CONSTRAINT steps_pkey');
    },
    close: async () => {
      if (!pool.ended) await pool.end();
    },
  };
}
