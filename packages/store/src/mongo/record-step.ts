import type { Fence, Position, Recorded, Step } from '@mcp-fleet/core';
import { decodeStep, encodeStep } from '../record-codec.ts';
import { type Database, flushed, insertNew, isDuplicate, lazy } from './database.ts';
import { type ClaimDoc, positionKey } from './documents.ts';

/** True while the fence's epoch is the newest and the job has not ended. */
export async function holds({ jobs }: Database, fence: Fence): Promise<boolean> {
  const filter = { _id: fence.jobId, epoch: fence.epoch, state: 'running' as const };
  return (await jobs.findOne(filter, { projection: { _id: 1 } })) !== null;
}

/**
 * The fence is looked at first, and the position's uniqueness decides: a take that comes between the two
 * can only make this step the one that the taker finds and adopts.
 */
export async function recordStep(
  database: Database,
  fence: Fence,
  step: Step,
  durable: boolean,
): Promise<Recorded> {
  if (!(await holds(database, fence))) return { kind: 'superseded' };
  const doc = { _id: positionKey(fence.jobId, step), job_id: fence.jobId, body: encodeStep(step) };
  try {
    await database.steps.insertOne(doc, durable ? flushed : lazy);
    return { kind: 'recorded' };
  } catch (thrown) {
    if (!isDuplicate(thrown)) throw thrown;
  }
  if (!(await holds(database, fence))) return { kind: 'superseded' };
  const standing = await database.steps.findOne({ _id: doc._id });
  return standing ? { kind: 'taken', step: decodeStep(standing.body) } : { kind: 'superseded' };
}

export async function claim(
  database: Database,
  fence: Fence,
  positions: readonly Position[],
): Promise<Position[] | 'superseded'> {
  if (!(await holds(database, fence))) return 'superseded';
  const docs: ClaimDoc[] = positions.map(({ round, slot }) => ({
    _id: positionKey(fence.jobId, { round, slot }),
    job_id: fence.jobId,
    round,
    slot,
    epoch: fence.epoch,
    owner: fence.owner,
  }));
  if (await insertNew(database.claims, docs, flushed)) {
    return docs.map(({ round, slot }) => ({ round, slot }));
  }
  const keys = docs.map((doc) => doc._id);
  const mine = await database.claims.find({ _id: { $in: keys }, owner: fence.owner }).toArray();
  return mine.map(({ round, slot }) => ({ round, slot }));
}

export async function unclaim(
  { claims }: Database,
  fence: Fence,
  positions: readonly Position[],
): Promise<void> {
  const keys = positions.map((position) => positionKey(fence.jobId, position));
  await claims.deleteMany({ _id: { $in: keys }, owner: fence.owner }, flushed);
}
