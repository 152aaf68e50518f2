import {
  type FleetError,
  type OfflineAnswer,
  type OfflineCall,
  toFleetError,
  type UpstreamBatch,
} from '@mcp-fleet/core';
import type { UpstreamItem, UpstreamProvider } from '@mcp-fleet/models';
import { buildItems } from './build-items.ts';
import { handToJobs } from './hand-to-jobs.ts';
import type { UpstreamParts } from './upstream-parts.ts';

type Claimed = Pick<UpstreamBatch, 'id' | 'model'>;

/**
 * Sends a claimed batch. That it is about to be sent is recorded before, and its id at the provider after; what
 * comes to nothing in between is found out later (find-lost-batch.ts). Returns the fault of a provider that is to
 * be left alone for a while.
 */
export async function submitBatch(
  parts: UpstreamParts,
  provider: UpstreamProvider,
  batch: Claimed,
  calls: readonly OfflineCall[],
): Promise<FleetError | null> {
  const { store, metrics, logger, options } = parts;
  const { items, gone, over, tooLarge } = await buildItems(parts, provider, calls);
  if (gone.length > 0) await store.releaseCalls(batch.id, gone, 'gone');
  if (over.length > 0) await store.releaseCalls(batch.id, over, 'again');
  if (tooLarge.length > 0) await refuseAll(parts, batch.id, tooLarge, tooLargeFor(options.bytes));
  if (items.length === 0) {
    await store.moveBatch(batch.id, 'claimed', { state: 'not_created' });
    return null;
  }
  const requests = items.length;
  if (!(await store.moveBatch(batch.id, 'claimed', { state: 'sending', requests }))) return null;
  const created = await create(parts, provider, batch, items);
  if (typeof created !== 'string') return created;
  if (await store.moveBatch(batch.id, 'sending', { state: 'submitted', upstreamId: created })) {
    metrics.upstreamBatch('submitted');
    logger.info({ batch: batch.id, upstreamId: created, requests }, 'upstream batch created');
    return null;
  }
  // Its creation took so long that it was taken for not created, and its calls go another way.
  logger.warn({ batch: batch.id, upstreamId: created }, 'an upstream batch came too late and is canceled');
  await provider.cancel(created, parts.stopping);
  return null;
}

async function create(
  parts: UpstreamParts,
  provider: UpstreamProvider,
  batch: Claimed,
  items: readonly UpstreamItem[],
): Promise<string | FleetError> {
  const { store, metrics, logger, stopping } = parts;
  try {
    return await provider.create(items, stopping);
  } catch (thrown) {
    const fault = toFleetError(thrown);
    logger.warn({ batch: batch.id, code: fault.code, err: thrown }, 'an upstream batch was not created');
    if (fault.code === 'model_rate_limited') {
      metrics.upstreamBatch('rate_limited');
      await store.moveBatch(batch.id, 'sending', { state: 'claimed' });
    } else if (fault.retry === 'never' && !stopping.aborted) {
      metrics.upstreamBatch('refused');
      await refuseAll(parts, batch.id, await store.unansweredCalls(batch.id), fault);
      await giveBack(parts, batch.id, 'sending');
    } else metrics.upstreamBatch('unknown');
    return fault;
  }
}

/** Lets the calls of a batch that was not created wait for another. */
export async function giveBack(
  { store }: UpstreamParts,
  batchId: string,
  from: 'sending' | 'submitted' | 'returning',
): Promise<void> {
  if (from !== 'returning' && !(await store.moveBatch(batchId, from, { state: 'returning' }))) return;
  await store.releaseCalls(batchId, null, 'again');
  await store.moveBatch(batchId, 'returning', { state: 'not_created' });
}

async function refuseAll(
  parts: UpstreamParts,
  batchId: string,
  calls: readonly OfflineCall[],
  { code, message }: Pick<FleetError, 'code' | 'message'>,
): Promise<void> {
  const answer: OfflineAnswer = { kind: 'fault', code, message };
  await handToJobs(parts, batchId, new Map(calls.map((call) => [call.customId, answer])));
}

function tooLargeFor(bytes: number): Pick<FleetError, 'code' | 'message'> {
  const message = `The model call is larger than ${bytes} bytes, the limit of an upstream batch (UPSTREAM_BYTES).`;
  return { code: 'model_rejected', message };
}
