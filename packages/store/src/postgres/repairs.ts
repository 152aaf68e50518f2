import type { Job, ReadyJob } from '@mcp-fleet/core';
import type { Database } from './database.ts';
import { passSession } from './pass-session.ts';
import { type JobRow, toJob } from './rows.ts';

const unmoved = `
  SELECT j.id, CASE WHEN j.state = 'waiting'
    THEN greatest(0, extract(epoch FROM j.wait_until - now()) * 1000) ELSE 0 END::float8 AS delay_ms
  FROM fleet.jobs j
  WHERE j.state IN ('queued', 'running', 'waiting') AND j.joined IS NULL AND ($3::text IS NULL OR j.id > $3)
    AND (j.state <> 'waiting' OR j.wait_until IS NOT NULL)
    AND j.updated_at < now() - CASE WHEN j.state = 'running' THEN $2 ELSE $1 END::float8 * interval '1 millisecond'
    AND (j.session_id IS NULL
         OR EXISTS (SELECT 1 FROM fleet.sessions h WHERE h.id = j.session_id AND h.active_job = j.id))
  ORDER BY j.id LIMIT $4`;

export async function unmovedJobs(
  database: Database,
  { idleMs, runningIdleMs }: { idleMs: number; runningIdleMs: number },
  { after, limit }: { after: string | null; limit: number },
): Promise<ReadyJob[]> {
  const values = [idleMs, runningIdleMs, after, limit];
  const rows = await database.lazy<{ id: string; delay_ms: number }>('unmoved', unmoved, values);
  return rows.map(({ id, delay_ms }) => ({ jobId: id, delayMs: Math.ceil(delay_ms) }));
}

const stuck = `
  SELECT h.id, h.active_job FROM fleet.sessions h LEFT JOIN fleet.jobs j ON j.id = h.active_job
  WHERE h.active_job IS NOT NULL AND (j.id IS NULL OR j.state NOT IN ('queued', 'running', 'waiting'))
  ORDER BY h.updated_at LIMIT $1`;

/** An accept holds the session and inserts its job in one statement, so a session that looks stuck is. */
export async function freeSessions(database: Database, limit: number): Promise<string[]> {
  const rows = await database.lazy<{ id: string; active_job: string }>('stuck', stuck, [limit]);
  const ready: string[] = [];
  for (const row of rows) {
    const next = await passSession(database, row.id, row.active_job);
    if (next !== null) ready.push(next);
  }
  return ready;
}

const overdue = `
  SELECT j.* FROM fleet.jobs j
  WHERE j.state IN ('queued', 'running', 'waiting') AND j.joined IS NULL AND (j.deadline IS NOT NULL OR j.expires_at IS NOT NULL)
    AND least(j.deadline, j.expires_at) <= now()
    AND (j.deadline <= now() OR NOT EXISTS (SELECT 1 FROM fleet.steps s WHERE s.job_id = j.id))
  ORDER BY j.id LIMIT $1`;

export async function overdueJobs(database: Database, limit: number): Promise<Job[]> {
  return (await database.lazy<JobRow>('overdue', overdue, [limit])).map(toJob);
}
