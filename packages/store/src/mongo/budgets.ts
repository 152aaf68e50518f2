import { type Budget, budgetWait, type Job } from '@mcp-fleet/core';
import { type Database, flushed } from './database.ts';
import { toJob, unended } from './documents.ts';

/** One document's atomic write: a job that parks at the same time does so before it or after it. */
export async function raiseBudget(
  { jobs, clock }: Database,
  tenant: string,
  jobId: string,
  { cost, tokens }: Partial<Budget>,
): Promise<Job | null> {
  const waits = { $and: [{ $eq: ['$state', 'waiting'] }, { $eq: ['$wait_reason', budgetWait] }] };
  const change = {
    ...raised('budget_cost', cost),
    ...raised('budget_tokens', tokens),
    wait_until: { $cond: [waits, clock.now(), '$wait_until'] },
  };
  const doc = await jobs.findOneAndUpdate({ _id: jobId, tenant, state: unended }, [{ $set: change }], {
    ...flushed,
    returnDocument: 'after',
  });
  return doc ? toJob(doc) : null;
}

/** A limit that is null, or missing, is none and stays none. */
function raised(field: string, to: number | null | undefined): Record<string, unknown> {
  if (to === undefined) return {};
  if (to === null) return { [field]: null };
  const none = { $eq: [{ $ifNull: [`$${field}`, null] }, null] };
  return { [field]: { $cond: [none, null, { $max: [`$${field}`, to] }] } };
}
