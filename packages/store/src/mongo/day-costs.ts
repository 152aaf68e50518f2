import type { DayCost } from '@mcp-fleet/core';
import { type Database, flushed } from './database.ts';

const dayMs = 86_400_000;

const keyOf = (tenant: string, now: Date) => `${tenant}/${now.toISOString().slice(0, 10)}`;

/** Counts what an ended job cost. Once for each end: a crash before it leaves the job uncounted. */
export async function countCost({ dayCosts, clock }: Database, tenant: string, cost: number): Promise<void> {
  if (cost === 0) return;
  const today = { _id: keyOf(tenant, clock.now()) };
  await dayCosts.updateOne(today, { $inc: { cost } }, { ...flushed, upsert: true });
}

export async function dayCost({ dayCosts, clock }: Database, tenant: string): Promise<DayCost> {
  const now = clock.now();
  const doc = await dayCosts.findOne({ _id: keyOf(tenant, now) });
  return { cost: doc?.cost ?? 0, leftMs: dayMs - (now.getTime() % dayMs) };
}
