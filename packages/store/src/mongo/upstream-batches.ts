import type { UpstreamBatch, UpstreamState } from '@mcp-fleet/core';
import { type Database, flushed } from './database.ts';

const openStates: UpstreamState[] = ['claimed', 'sending', 'submitted', 'returning'];

export async function openBatches({ upstreamBatches, clock }: Database): Promise<UpstreamBatch[]> {
  const docs = await upstreamBatches
    .find({ state: { $in: openStates } })
    .sort({ _id: 1 })
    .toArray();
  const now = clock.now().getTime();
  return docs.map((doc) => ({
    id: doc._id,
    model: doc.model,
    state: doc.state,
    upstreamId: doc.upstream_id ?? null,
    requests: doc.requests,
    sentAt: doc.sent_at,
    sentForMs: doc.sent_at === null ? null : now - doc.sent_at.getTime(),
  }));
}

export async function moveBatch(
  { upstreamBatches, clock }: Database,
  id: string,
  from: UpstreamState,
  { state, upstreamId, requests }: { state: UpstreamState; upstreamId?: string; requests?: number },
): Promise<boolean> {
  const now = clock.now();
  const change = {
    state,
    ...(upstreamId === undefined ? {} : { upstream_id: upstreamId }),
    ...(requests === undefined ? {} : { requests }),
    ...(state === 'sending' ? { sent_at: now } : {}),
    ...(state === 'ended' || state === 'not_created' ? { ended_at: now } : {}),
  };
  const moved = await upstreamBatches.updateOne({ _id: id, state: from }, { $set: change }, flushed);
  return moved.matchedCount === 1;
}

export async function recordedBatches(
  { upstreamBatches }: Database,
  upstreamIds: readonly string[],
): Promise<string[]> {
  const filter = { upstream_id: { $in: [...upstreamIds] } };
  const docs = await upstreamBatches.find(filter, { projection: { upstream_id: 1 } }).toArray();
  return docs.flatMap((doc) => doc.upstream_id ?? []);
}

export async function upstreamDurations({ upstreamBatches }: Database, limit: number): Promise<number[]> {
  const docs = await upstreamBatches.find({ state: 'ended' }).sort({ ended_at: -1 }).limit(limit).toArray();
  return docs.flatMap((doc) =>
    doc.ended_at === null ? [] : [doc.ended_at.getTime() - doc.began_at.getTime()],
  );
}
