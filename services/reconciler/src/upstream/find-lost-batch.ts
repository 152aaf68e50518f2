import type { UpstreamBatch } from '@mcp-fleet/core';
import type { UpstreamProvider } from '@mcp-fleet/models';
import { giveBack } from './submit-batch.ts';
import type { UpstreamParts } from './upstream-parts.ts';

/** Room for the difference between the provider's clock and the store's. */
const slackMs = 3_600_000;

/** Results of a candidate that are compared; each of a batch of ours has an id that is ours. */
const compared = 20;

/**
 * Finds out what came of a creation whose answer never arrived. A list of batches tells no items' ids, only when
 * each was created and how many items it has, so every batch that fits and that no other is recorded with is a
 * candidate. Only the results tell whose it is: a candidate that has ended is compared by the ids in them, and one
 * that has not is waited for, which costs nothing if it is ours. When no candidate is left, there is no such batch,
 * and its calls go into another.
 */
export class LostBatches {
  readonly #parts: UpstreamParts;
  /** Candidates that were compared and are others', by batch. */
  readonly #others = new Map<string, Set<string>>();

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
  }

  async find(provider: UpstreamProvider, batch: UpstreamBatch): Promise<void> {
    const { store, logger, metrics } = this.#parts;
    const ours = new Set((await store.unansweredCalls(batch.id)).map((call) => call.customId));
    const others = this.#others.get(batch.id) ?? new Set();
    this.#others.set(batch.id, others);
    let unknown = 0;
    for (const candidate of ours.size === 0 ? [] : await this.#candidates(provider, batch)) {
      if (others.has(candidate.id)) continue;
      if (!candidate.ended) {
        unknown += 1;
        continue;
      }
      if (!(await this.#isOurs(provider, candidate.id, ours))) {
        others.add(candidate.id);
        continue;
      }
      this.#others.delete(batch.id);
      await store.moveBatch(batch.id, 'sending', { state: 'submitted', upstreamId: candidate.id });
      metrics.upstreamBatch('found');
      logger.info({ batch: batch.id, upstreamId: candidate.id }, 'upstream batch found again');
      return;
    }
    if (unknown > 0) return;
    this.#others.delete(batch.id);
    await giveBack(this.#parts, batch.id, 'sending');
    metrics.upstreamBatch('not_created');
    logger.info({ batch: batch.id }, 'upstream batch was not created; its calls wait for another');
  }

  async #candidates(
    provider: UpstreamProvider,
    { requests, sentAt }: UpstreamBatch,
  ): Promise<{ id: string; ended: boolean }[]> {
    const earliest = (sentAt?.getTime() ?? 0) - slackMs;
    const found: { id: string; ended: boolean }[] = [];
    await provider.list(this.#parts.stopping, async (listed) => {
      if (listed.createdAt.getTime() < earliest) return 'stop';
      if (listed.requests === requests) found.push(listed);
      return 'go on';
    });
    const recorded = new Set(await this.#parts.store.recordedBatches(found.map(({ id }) => id)));
    return found.filter(({ id }) => !recorded.has(id));
  }

  async #isOurs(provider: UpstreamProvider, upstreamId: string, ours: ReadonlySet<string>): Promise<boolean> {
    let read = 0;
    let found = false;
    await provider.results(upstreamId, this.#parts.stopping, async ({ customId }) => {
      read += 1;
      found = ours.has(customId);
      return found || read >= compared ? 'stop' : 'go on';
    });
    return found;
  }
}
