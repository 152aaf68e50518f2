import type { Fence, Wait } from '@mcp-fleet/core';
import type { Database } from './database.ts';

const parkJob = `
  UPDATE fleet.jobs SET
    state = 'waiting', wait_until = now() + CASE WHEN interrupted THEN 0 ELSE $3 END::float8 * interval '1 millisecond', wait_reason = $4,
    model_failures = $5, tool_failures = $6, updated_at = now()
  WHERE id = $1 AND epoch = $2 AND state = 'running' RETURNING id`;

export async function park(database: Database, fence: Fence, wait: Wait): Promise<'parked' | 'superseded'> {
  const { waitMs, reason, failures } = wait;
  const values = [fence.jobId, fence.epoch, waitMs, reason, failures.model, failures.tools];
  const rows = await database.lazy('park', parkJob, values);
  return rows.length === 1 ? 'parked' : 'superseded';
}

const releaseJob = `
  UPDATE fleet.jobs SET state = 'queued', updated_at = now()
  WHERE id = $1 AND epoch = $2 AND state = 'running' RETURNING id`;

export async function release(database: Database, fence: Fence): Promise<'released' | 'superseded'> {
  const rows = await database.lazy('release', releaseJob, [fence.jobId, fence.epoch]);
  return rows.length === 1 ? 'released' : 'superseded';
}
