import type { Fence } from '@mcp-fleet/core';
import type { Database } from './database.ts';

const parkJob = `
  UPDATE fleet.jobs SET
    state = 'waiting', wait_until = $3, wait_reason = $4, transient_failures = $5, updated_at = now()
  WHERE id = $1 AND epoch = $2 AND state = 'running' RETURNING id`;

export async function park(
  database: Database,
  fence: Fence,
  wait: { until: Date; reason: string; failures: number },
): Promise<'parked' | 'superseded'> {
  const values = [fence.jobId, fence.epoch, wait.until, wait.reason, wait.failures];
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
