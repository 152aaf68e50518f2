import { approvalWait, type Fence, upstreamWait, type Wait } from '@mcp-fleet/core';
import { encode } from '../record-codec.ts';
import type { Database } from './database.ts';

/** What a job waits for has come already. */
const isDue = `(interrupted OR (decided AND $7) OR ($8::text IS NOT NULL
    AND (budget_cost IS DISTINCT FROM $9::bigint OR budget_tokens IS DISTINCT FROM $10::bigint)))`;

const parkJob = `
  UPDATE fleet.jobs SET
    state = 'waiting', wait_reason = $4,
    wait_until = now() + CASE WHEN ${isDue} THEN 0 ELSE $3 END::float8 * interval '1 millisecond',
    model_failures = $5, tool_failures = $6, budget_need = $8, updated_at = now()
  WHERE id = $1 AND epoch = $2 AND state = 'running' RETURNING ${isDue} AS due`;

export async function park(
  database: Database,
  fence: Fence,
  wait: Wait,
): Promise<'parked' | 'due' | 'superseded'> {
  const { waitMs, reason, failures, budget } = wait;
  const values = [
    fence.jobId,
    fence.epoch,
    waitMs,
    reason,
    failures.model,
    failures.tools,
    reason === approvalWait || reason === upstreamWait,
    budget === undefined ? null : encode(budget.need),
    budget?.known.cost ?? null,
    budget?.known.tokens ?? null,
  ];
  const [row] = await database.lazy<{ due: boolean }>('park', parkJob, values);
  if (!row) return 'superseded';
  return row.due ? 'due' : 'parked';
}

const releaseJob = `
  UPDATE fleet.jobs SET state = 'queued', updated_at = now()
  WHERE id = $1 AND epoch = $2 AND state = 'running' RETURNING id`;

export async function release(database: Database, fence: Fence): Promise<'released' | 'superseded'> {
  const rows = await database.lazy('release', releaseJob, [fence.jobId, fence.epoch]);
  return rows.length === 1 ? 'released' : 'superseded';
}
