import type { DayCost } from '@mcp-fleet/core';
import { partOf } from '../day-cost-parts.ts';
import { type Database, flushed } from './database.ts';

const dayMs = 86_400_000;

const dayOf = (now: Date) => now.toISOString().slice(0, 10);

/** Counts what an ended job cost. Once for each end: a crash before it leaves the job uncounted. */
export async function countCost(
  { dayCosts, clock }: Database,
  job: { id: string; tenant: string },
  cost: number,
): Promise<void> {
  if (cost === 0) return;
  const part = { _id: `${job.tenant}/${dayOf(clock.now())}/${partOf(job.id)}` };
  await dayCosts.updateOne(part, { $inc: { cost } }, { ...flushed, upsert: true });
}

export async function dayCost({ dayCosts, clock }: Database, tenant: string): Promise<DayCost> {
  const now = clock.now();
  const today = `${tenant}/${dayOf(now)}/`;
  const parts = await dayCosts.find({ _id: { $gte: today, $lt: `${today}~` } }).toArray();
  const cost = parts.reduce((sum, part) => sum + part.cost, 0);
  return { cost, leftMs: dayMs - (now.getTime() % dayMs) };
}
