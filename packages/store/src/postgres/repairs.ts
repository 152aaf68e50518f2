import type { Database } from './database.ts';
import { passSession } from './pass-session.ts';

const unmoved = `
  SELECT j.id FROM fleet.jobs j
  WHERE j.state IN ('queued', 'running', 'waiting')
    AND j.updated_at < now() - $1::float8 * interval '1 millisecond'
    AND (j.state <> 'waiting' OR j.wait_until <= now())
    AND (j.session_id IS NULL
         OR EXISTS (SELECT 1 FROM fleet.sessions h WHERE h.id = j.session_id AND h.active_job = j.id))
  ORDER BY j.created_at LIMIT $2`;

export async function unmovedJobs(database: Database, idleMs: number, limit: number): Promise<string[]> {
  const rows = await database.lazy<{ id: string }>('unmoved', unmoved, [idleMs, limit]);
  return rows.map((row) => row.id);
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
