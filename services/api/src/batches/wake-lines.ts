import { type Batch, budgetWait } from '@mcp-fleet/core';
import type { ApiParts } from '../parts.ts';
import { wake } from '../wake.ts';

/** Open lines that are looked at; any others look at the budget by themselves after a while. */
const mostLines = 5_000;

/** Lets the lines go on that wait for the budget of their batch. */
export async function wakeLines(parts: ApiParts, { tenant, id }: Batch): Promise<void> {
  for (const jobId of await parts.store.openLines(id, mostLines)) {
    // Raising nothing makes a job due that waits for a budget.
    const job = await parts.store.raiseBudget(tenant, jobId, {});
    if (job?.state === 'waiting' && job.waitReason === budgetWait) await wake(parts, jobId);
  }
}
