import {
  type Batch,
  type BatchChange,
  type BatchState,
  batchStates,
  type NewBatch,
  type Page,
} from '@mcp-fleet/core';
import type { Document, Filter, UpdateFilter } from 'mongodb';
import { encode } from '../../record-codec.ts';
import { type Database, flushed } from '../database.ts';
import { behind } from '../reads.ts';
import { type BatchDoc, noCounts, noTotals, toBatch } from './batch-documents.ts';
import { type StandingBatch, standingBatch } from './move-lines.ts';

export async function createBatch({ batches, clock }: Database, batch: NewBatch): Promise<Batch> {
  const doc: BatchDoc = {
    _id: batch.id,
    tenant: batch.tenant,
    surface: batch.surface,
    state: 'uploading',
    agent: batch.agent,
    agents: '{}',
    on_invalid: batch.onInvalid,
    metadata: encode(batch.metadata),
    bytes: 0,
    last_line: 0,
    uploads: 0,
    moves: 0,
    counts: { ...noCounts },
    totals: { ...noTotals },
    budget: batch.budget,
    pause_reason: null,
    created_at: clock.now(),
    finalized_at: null,
    expires_at: batch.expiresAt,
    cancel_requested_at: null,
    ended_at: null,
  };
  await batches.insertOne(doc, flushed);
  return toBatch(doc);
}

export async function batch({ batches }: Database, tenant: string, id: string): Promise<Batch | null> {
  const doc = await batches.findOne({ _id: id, tenant });
  return doc ? toBatch(doc) : null;
}

export async function batches(
  database: Database,
  tenant: string,
  surface: Batch['surface'],
  page: Page,
): Promise<Batch[]> {
  const { before, limit } = page;
  if (before !== undefined) {
    const newer = database.batches.find({ tenant, surface, _id: { $gt: before } });
    return (await newer.sort({ _id: 1 }).limit(limit).toArray()).reverse().map(toBatch);
  }
  const found = database.batches.find({ tenant, surface, ...behind(page) });
  return (await found.sort({ _id: -1 }).limit(page.limit).toArray()).map(toBatch);
}

/** Changes a batch that is in one of the states; returns it as it is then. */
async function changeIn(
  database: Database,
  [tenant, id]: [string, string],
  states: BatchState[],
  change: UpdateFilter<BatchDoc> | Document[],
  where: Filter<BatchDoc> = {},
): Promise<Batch | null> {
  const filter: Filter<BatchDoc> = { _id: id, tenant, state: { $in: states }, ...where };
  const options = { ...flushed, returnDocument: 'after' as const };
  const changed = await database.batches.findOneAndUpdate(filter, change, options);
  return changed ? toBatch(changed) : batch(database, tenant, id);
}

export function finalizeBatch(database: Database, tenant: string, id: string): Promise<Batch | null> {
  const change = { $set: { state: 'in_progress' as const, finalized_at: database.clock.now() } };
  return changeIn(database, [tenant, id], ['uploading'], change);
}

export function changeBatch(
  database: Database,
  tenant: string,
  id: string,
  change: BatchChange,
): Promise<Batch | null> {
  const own: [string, string] = [tenant, id];
  const now = database.clock.now();
  switch (change.to) {
    case 'pause': {
      const paused = { state: 'paused' as const, pause_reason: change.reason };
      const { budget } = change;
      const known = budget && { 'budget.cost': budget.cost, 'budget.tokens': budget.tokens };
      return changeIn(database, own, ['in_progress'], { $set: paused }, known);
    }
    case 'resume': {
      const resumed = { state: 'in_progress' as const, pause_reason: null };
      return changeIn(database, own, ['paused'], { $set: resumed });
    }
    case 'budget': {
      const open = batchStates.filter((state) => state !== 'ended');
      return changeIn(database, own, open, { $set: { budget: change.budget } });
    }
    case 'cancel': {
      const canceling = { state: 'canceling', cancel_requested_at: now, pause_reason: null };
      const finalized = { finalized_at: { $ifNull: ['$finalized_at', now] } };
      const states: BatchState[] = ['uploading', 'in_progress', 'paused'];
      return changeIn(database, own, states, [{ $set: { ...canceling, ...finalized } }]);
    }
  }
}

/** Ended batches are not in the index that this reads. */
export async function batchesAtWork({ batches, clock }: Database, limit: number): Promise<Batch[]> {
  const found = batches.find({
    ended_at: null,
    $or: [{ state: { $ne: 'uploading' } }, { expires_at: { $lte: clock.now() } }],
  });
  return (await found.sort({ _id: 1 }).limit(limit).toArray()).map(toBatch);
}

/** An end is refused when lines were moved meanwhile, and an expiry when the time was extended by that. */
export async function advanceBatch(database: Database, id: string): Promise<BatchState> {
  for (;;) {
    const batch = await standingBatch(database, id);
    if (batch === null) return 'ended';
    const change = next(batch, database.clock.now());
    if (change === null) return batch.state;
    const unmoved = { _id: id, state: batch.state, moves: batch.moves };
    const changed = await database.batches.updateOne(unmoved, { $set: change }, flushed);
    if (changed.matchedCount === 1) return change.state;
  }
}

type Advance = Pick<BatchDoc, 'state'> & Partial<BatchDoc>;

function next({ state, counts, expires_at }: StandingBatch, now: Date): Advance | null {
  const running = state === 'in_progress' || state === 'paused';
  if ((running || state === 'uploading') && expires_at <= now)
    return { state: 'expiring', pause_reason: null };
  const over = state === 'in_progress' || state === 'canceling' || state === 'expiring';
  return over && counts.waiting === 0 && counts.open === 0 ? { state: 'ended', ended_at: now } : null;
}
