import type { Budget, Job } from '@mcp-fleet/core';
import type { Database } from './database.ts';
import { type JobRow, toJob } from './rows.ts';

const raised = (column: string, given: string, to: string) => `
  CASE WHEN NOT ${given}::boolean THEN ${column} WHEN ${to}::bigint IS NULL THEN NULL
    WHEN ${column} IS NULL THEN NULL ELSE greatest(${column}, ${to}) END`;

const raise = `
  UPDATE fleet.jobs SET
    budget_cost = ${raised('budget_cost', '$3', '$4')},
    budget_tokens = ${raised('budget_tokens', '$5', '$6')},
    wait_until = CASE WHEN state = 'waiting' AND wait_reason = 'budget' THEN now() ELSE wait_until END
  WHERE id = $2 AND tenant = $1 AND state IN ('queued', 'running', 'waiting') RETURNING *`;

export async function raiseBudget(
  database: Database,
  tenant: string,
  jobId: string,
  { cost, tokens }: Partial<Budget>,
): Promise<Job | null> {
  const values = [tenant, jobId, cost !== undefined, cost ?? null, tokens !== undefined, tokens ?? null];
  const [row] = await database.flushed<JobRow>('raise_budget', raise, values);
  return row ? toJob(row) : null;
}
