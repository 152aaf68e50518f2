import type { Share } from '@mcp-fleet/core';
import { type Database, lazy } from '../database.ts';

export async function shares(
  { shares, tenants }: Database,
  asked: readonly string[],
): Promise<Map<string, Share>> {
  const ids = { _id: { $in: [...asked] } };
  const [used, weights] = await Promise.all([
    shares.find(ids).toArray(),
    tenants.find({ ...ids, weight: { $exists: true } }, { projection: { weight: 1 } }).toArray(),
  ]);
  const usedBy = new Map(used.map((share) => [share._id, share.used]));
  const weightOf = new Map(weights.map(({ _id, weight }) => [_id, weight]));
  return new Map(
    asked.map((tenant) => [tenant, { used: usedBy.get(tenant) ?? 0, weight: weightOf.get(tenant) ?? 1 }]),
  );
}

export async function raiseShare({ shares }: Database, tenant: string, used: number): Promise<void> {
  await shares.updateOne({ _id: tenant }, { $max: { used } }, { ...lazy, upsert: true });
}

export async function charge({ shares }: Database, tenant: string, work: number): Promise<void> {
  if (work === 0) return;
  await shares.updateOne({ _id: tenant }, { $inc: { used: work } }, { ...lazy, upsert: true });
}
