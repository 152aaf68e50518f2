import {
  approvalWait,
  type Fence,
  type FenceNews,
  type HeldJob,
  upstreamWait,
  type Wait,
} from '@mcp-fleet/core';
import type { Filter } from 'mongodb';
import { encode } from '../record-codec.ts';
import { type Database, flushed, lazy } from './database.ts';
import { type JobDoc, unended } from './documents.ts';
import { steering } from './join.ts';

export async function park(
  database: Database,
  fence: Fence,
  wait: Wait,
): Promise<'parked' | 'due' | 'superseded'> {
  const { waitMs, reason, failures, budget } = wait;
  const until = (ms: number) => new Date(database.clock.now().getTime() + ms);
  const change = {
    state: 'waiting' as const,
    wait_until: waitMs === null ? null : until(waitMs),
    wait_reason: reason,
    failures,
    ...(budget === undefined ? {} : { budget_need: encode(budget.need) }),
  };
  const undisturbed: Filter<JobDoc> = {
    interrupted: { $ne: true },
    ...(reason === approvalWait || reason === upstreamWait ? { decided: { $ne: true } } : {}),
    ...(budget === undefined ? {} : { budget_cost: budget.known.cost, budget_tokens: budget.known.tokens }),
  };
  if (await handOver(database, fence, change, undisturbed)) return 'parked';
  const due = { ...change, wait_until: until(0) };
  return (await handOver(database, fence, due)) ? 'due' : 'superseded';
}

export async function release(database: Database, fence: Fence): Promise<'released' | 'superseded'> {
  return (await handOver(database, fence, { state: 'queued' })) ? 'released' : 'superseded';
}

async function handOver(
  { jobs, clock }: Database,
  fence: Fence,
  change: object,
  only: Filter<JobDoc> = {},
): Promise<boolean> {
  const handed = await jobs.updateOne(
    { _id: fence.jobId, epoch: fence.epoch, state: 'running', ...only },
    { $set: { ...change, updated_at: clock.now() } },
    lazy,
  );
  return handed.matchedCount === 1;
}

/**
 * The mark first: a job that is parked between the two writes is due by the second, and one that is parked
 * later was running when it was asked to stop.
 */
export async function interrupt({ jobs, clock }: Database, tenant: string, jobId: string): Promise<boolean> {
  const asked = await jobs.updateOne(
    { _id: jobId, tenant, state: unended },
    { $set: { interrupted: true } },
    flushed,
  );
  if (asked.matchedCount === 0) return false;
  await jobs.updateOne(
    { _id: jobId, state: 'waiting', joined: { $exists: false } },
    { $set: { wait_until: clock.now() } },
    flushed,
  );
  return true;
}

export async function news({ jobs }: Database, fences: readonly HeldJob[]): Promise<FenceNews[]> {
  if (fences.length === 0) return [];
  const sessions = fences.flatMap((fence) => fence.sessionId ?? []);
  const ids = fences.map((fence) => fence.jobId);
  const projection = { epoch: 1, state: 1, interrupted: 1 };
  const [docs, steered] = await Promise.all([
    jobs.find({ _id: { $in: ids } }, { projection }).toArray(),
    sessions.length === 0 ? [] : jobs.distinct('session_id', steering(sessions)),
  ]);
  const joinable = new Set<string | null>(steered);
  const standing = new Map(docs.map((doc) => [doc._id, doc]));
  return fences.flatMap(({ jobId, epoch, sessionId }): FenceNews[] => {
    const doc = standing.get(jobId);
    if (doc?.epoch !== epoch || doc.state !== 'running') return [{ jobId, news: 'lost' }];
    if (doc.interrupted) return [{ jobId, news: 'interrupt' }];
    return joinable.has(sessionId) ? [{ jobId, news: 'join' }] : [];
  });
}
