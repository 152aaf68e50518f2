import { totalsOf } from '@mcp-fleet/core';
import { encode } from '../record-codec.ts';
import type { Database } from './database.ts';
import { steps } from './reads.ts';

/** A query can be set to join a turn in the moment in which that turn ends, which then does not see it. */
const leftBehind = `
  SELECT j.id, j.session_id, j.joined AS host FROM fleet.jobs j JOIN fleet.jobs h ON h.id = j.joined
  WHERE j.joined IS NOT NULL AND j.state = 'waiting' AND h.state NOT IN ('queued', 'running', 'waiting')
  ORDER BY j.id LIMIT $1`;

const endLikeHost = `
  UPDATE fleet.jobs j SET
    state = h.state, answer = h.answer, stop_reason = h.stop_reason, error = h.error, error_code = h.error_code,
    totals = $3, ended_at = now(), updated_at = now()
  FROM fleet.jobs h WHERE j.id = $1 AND h.id = $2 AND j.joined = h.id AND j.state = 'waiting'`;

const giveBack = `
  UPDATE fleet.jobs SET state = 'queued', joined = NULL, updated_at = now()
  WHERE id = $1 AND joined = $2 AND state = 'waiting'`;

/** An idle session gets its first job that is still to run. */
const wake = `
  UPDATE fleet.sessions h SET updated_at = now(), active_job = (
    SELECT n.id FROM fleet.jobs n
    WHERE n.session_id = h.id AND n.joined IS NULL AND n.state IN ('queued', 'running', 'waiting')
    ORDER BY n.turn LIMIT 1)
  WHERE h.id = $1 AND h.active_job IS NULL RETURNING h.active_job`;

interface LeftBehind {
  id: string;
  session_id: string;
  host: string;
}

export async function freeJoined(database: Database, limit: number): Promise<string[]> {
  const ready: string[] = [];
  for (const { id, session_id, host } of await database.lazy<LeftBehind>('left_behind', leftBehind, [
    limit,
  ])) {
    const recorded = await steps(database, host);
    if (recorded.some((step) => step.kind === 'steer' && step.jobs.includes(id))) {
      await database.flushed('end_like_host', endLikeHost, [id, host, encode(totalsOf([]))]);
      continue;
    }
    await database.flushed('give_back', giveBack, [id, host]);
    const [woken] = await database.flushed<{ active_job: string | null }>('wake', wake, [session_id]);
    if (woken?.active_job) ready.push(woken.active_job);
  }
  return ready;
}
