import {
  customIdOf,
  type Fence,
  type NewOfflineCall,
  type OfflineAnswer,
  type OfflineCall,
  type UpstreamBatch,
  upstreamWait,
  type WaitingCalls,
} from '@mcp-fleet/core';
import type { Filter } from 'mongodb';
import { toOfflineCall } from '../offline-codec.ts';
import { encode } from '../record-codec.ts';
import { type Database, flushed, isDuplicate } from './database.ts';
import { unended } from './documents.ts';
import type { OfflineCallDoc, UpstreamBatchDoc } from './offload-documents.ts';
import { holds } from './record-step.ts';
import { walk } from './walk.ts';

const waiting: Filter<OfflineCallDoc> = { batch_id: null, answer: null };

export async function offlineCall({ offlineCalls }: Database, jobId: string): Promise<OfflineCall | null> {
  const doc = await offlineCalls.findOne({ _id: jobId });
  return doc ? toOfflineCall(doc) : null;
}

/** The job's mark is taken back before the call is written: an answer that comes later sets it again. */
export async function askOffline(
  { jobs, offlineCalls, clock }: Database,
  { jobId, epoch }: Fence,
  { round, model, toolset }: NewOfflineCall,
): Promise<'asked' | 'superseded'> {
  const job = await jobs.findOneAndUpdate(
    { _id: jobId, epoch, state: 'running' },
    { $unset: { decided: true } },
    { ...flushed, projection: { tenant: 1 } },
  );
  if (job === null) return 'superseded';
  const call: Omit<OfflineCallDoc, '_id'> = {
    job_id: jobId,
    tenant: job.tenant,
    round,
    custom_id: customIdOf(jobId, round, epoch),
    model,
    toolset,
    batch_id: null,
    answer: null,
    asked_at: clock.now(),
  };
  try {
    // One of this round, or of a later one, does not match, and its id refuses the insertion.
    await offlineCalls.updateOne(
      { _id: jobId, round: { $lt: round } },
      { $set: call },
      { ...flushed, upsert: true },
    );
  } catch (thrown) {
    if (!isDuplicate(thrown)) throw thrown;
  }
  return 'asked';
}

export async function withdrawCall(database: Database, fence: Fence, call: OfflineCall): Promise<boolean> {
  if (!(await holds(database, fence))) return false;
  const state: Filter<OfflineCallDoc> = call.answer === null ? waiting : { answer: { $ne: null } };
  const filter = { _id: fence.jobId, custom_id: call.customId, ...state };
  return (await database.offlineCalls.deleteOne(filter, flushed)).deletedCount === 1;
}

export async function waitingCalls({ offlineCalls, clock }: Database): Promise<WaitingCalls[]> {
  const groups = await offlineCalls
    .aggregate<{ _id: string; count: number; oldest: Date }>([
      { $match: waiting },
      { $group: { _id: '$model', count: { $sum: 1 }, oldest: { $min: '$asked_at' } } },
      { $sort: { _id: 1 } },
    ])
    .toArray();
  const now = clock.now().getTime();
  return groups.map(({ _id, count, oldest }) => ({ model: _id, count, oldestMs: now - oldest.getTime() }));
}

/** The batch first, then its calls: one that was cut off in between has fewer of them, or none. */
export async function claimCalls(
  { offlineCalls, upstreamBatches }: Database,
  { id, model }: Pick<UpstreamBatch, 'id' | 'model'>,
  limit: number,
): Promise<OfflineCall[]> {
  const oldest = await offlineCalls
    .find({ model, ...waiting }, { projection: { asked_at: 1 } })
    .sort({ asked_at: 1 })
    .limit(limit)
    .toArray();
  const began = oldest[0]?.asked_at;
  if (began === undefined) return [];
  const batch: UpstreamBatchDoc = {
    _id: id,
    model,
    state: 'claimed',
    requests: null,
    began_at: began,
    sent_at: null,
    ended_at: null,
  };
  await upstreamBatches.insertOne(batch, flushed);
  const ids = oldest.map((doc) => doc._id);
  await offlineCalls.updateMany({ _id: { $in: ids }, ...waiting }, { $set: { batch_id: id } }, flushed);
  const claimed = await offlineCalls.find({ batch_id: id }).sort({ _id: 1 }).toArray();
  if (claimed.length === 0) await upstreamBatches.deleteOne({ _id: id }, flushed);
  return claimed.map(toOfflineCall);
}

export async function unansweredCalls({ offlineCalls }: Database, batchId: string): Promise<OfflineCall[]> {
  const docs = await offlineCalls.find({ batch_id: batchId, answer: null }).sort({ _id: 1 }).toArray();
  return docs.map(toOfflineCall);
}

export async function releaseCalls(
  { offlineCalls }: Database,
  batchId: string,
  jobIds: readonly string[] | null,
  how: 'again' | 'gone',
): Promise<void> {
  const only = jobIds === null ? {} : { _id: { $in: [...jobIds] } };
  const filter: Filter<OfflineCallDoc> = { batch_id: batchId, answer: null, ...only };
  if (how === 'again') await offlineCalls.updateMany(filter, { $set: { batch_id: null } }, flushed);
  else await offlineCalls.deleteMany(filter, flushed);
}

/**
 * The answers first, then the jobs: one that parks between the two is made due by the second. A crash in between
 * is made good by handing out again.
 */
export async function answerCalls(
  database: Database,
  batchId: string,
  answers: ReadonlyMap<string, OfflineAnswer>,
): Promise<string[]> {
  const { offlineCalls, jobs, clock } = database;
  if (answers.size === 0) return [];
  const writes = [...answers].map(([custom_id, answer]) => ({
    updateOne: {
      filter: { batch_id: batchId, custom_id, answer: null },
      update: { $set: { answer: encode(answer) } },
    },
  }));
  await offlineCalls.bulkWrite(writes, { ...flushed, ordered: false });
  const filter = { batch_id: batchId, custom_id: { $in: [...answers.keys()] } };
  const answered = await offlineCalls.distinct('_id', filter);
  const open = await jobs.distinct('_id', { _id: { $in: answered }, state: unended });
  await jobs.updateMany({ _id: { $in: open }, state: unended }, { $set: { decided: true } }, flushed);
  await jobs.updateMany(
    { _id: { $in: open }, state: 'waiting', wait_reason: upstreamWait },
    { $min: { wait_until: clock.now() } },
    flushed,
  );
  return open;
}

export async function dropOfflineCalls(database: Database, limit: number): Promise<number> {
  const { offlineCalls, jobs, upstreamBatches } = database;
  let dropped = 0;
  for await (const calls of walk(offlineCalls, {}, { projection: { batch_id: 1 } })) {
    const ids = calls.map((call) => call._id);
    const batches = calls.flatMap((call) => call.batch_id ?? []);
    const [open, sent] = await Promise.all([
      jobs.distinct('_id', { _id: { $in: ids }, state: unended }),
      upstreamBatches.distinct('_id', { _id: { $in: batches }, state: { $nin: ['ended', 'not_created'] } }),
    ]);
    const [kept, held] = [new Set(open), new Set(sent)];
    const over = calls.filter((call) => !kept.has(call._id) && !held.has(call.batch_id ?? ''));
    if (over.length > 0) {
      const gone = await offlineCalls.deleteMany({ _id: { $in: over.map((call) => call._id) } }, flushed);
      dropped += gone.deletedCount;
    }
    if (dropped >= limit) break;
  }
  return dropped;
}
