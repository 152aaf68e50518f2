import type { Database } from './database.ts';

/**
 * The jobs of a session that are still to run, the first in order, as a CTE named `next`. A job that joined a
 * turn has none of its own, unless its turn is the one that ends and it is not among those that end with it.
 */
export const nextJob = (sessionId: string, endedJob: string, endedWithIt = 'ARRAY[]::text[]') => `
  next AS (
    SELECT n.id FROM fleet.jobs n
    WHERE n.session_id = ${sessionId} AND n.id <> ${endedJob} AND n.state IN ('queued', 'running', 'waiting')
      AND (n.joined IS NULL OR (n.joined = ${endedJob} AND n.id <> ALL(${endedWithIt})))
    ORDER BY n.turn LIMIT 1
  )`;

/**
 * An accept that commits while this statement waits for the session's row is invisible to `next`, whose
 * snapshot is older. It has raised `next_turn`, so the update then matches nothing and is tried again.
 */
const pass = `
  WITH seen AS (SELECT next_turn FROM fleet.sessions WHERE id = $1 AND active_job = $2),
  ${nextJob('$1', '$2')}
  UPDATE fleet.sessions h
  SET active_job = (SELECT id FROM next), updated_at = now()
  FROM seen
  WHERE h.id = $1 AND h.active_job = $2 AND h.next_turn = seen.next_turn
  RETURNING h.active_job`;

const holder = `SELECT active_job FROM fleet.sessions WHERE id = $1`;

/** Passes a session from a job that has ended to its next one; returns that job's id, null if there is none. */
export async function passSession(
  database: Database,
  sessionId: string,
  endedJob: string,
): Promise<string | null> {
  for (;;) {
    const [passed] = await database.flushed<{ active_job: string | null }>('pass', pass, [
      sessionId,
      endedJob,
    ]);
    if (passed) return passed.active_job;
    const [held] = await database.flushed<{ active_job: string | null }>('holder', holder, [sessionId]);
    if (held?.active_job !== endedJob) return null;
  }
}
