import { type FleetError, toFleetError, type UpstreamBatch, type WaitingCalls } from '@mcp-fleet/core';
import type { UpstreamProvider } from '@mcp-fleet/models';
import { newId } from '@mcp-fleet/runtime';
import { fetchResults } from './fetch-results.ts';
import { LostBatches } from './find-lost-batch.ts';
import { giveBack, submitBatch } from './submit-batch.ts';
import type { UpstreamParts } from './upstream-parts.ts';

/** A batch is looked at again after this share of its age, and after this time at the latest. */
const lookAfterShare = 1 / 20;
const longestLookMs = 300_000;

/** A provider that refuses or cannot be reached is left alone for so many rounds, unless it says for how long. */
const pausedRounds = 3;

/** A batch that the provider does not know is given up after this time: shortly after its creation it may not yet. */
const goneAfterMs = 3_600_000;

const sweepEveryMs = 60_000;
const mostSwept = 10_000;

/**
 * Collects the model calls that jobs left to upstream batches, sends them, and hands the results to their jobs. All
 * that matters is in the store, so that any process goes on where another stopped.
 */
export class UpstreamBatches {
  readonly #parts: UpstreamParts;
  readonly #stopping = new AbortController();
  readonly #lost: LostBatches;
  /** When a model's provider may be asked again, and a batch be looked at, by the monotonic clock. */
  readonly #pausedUntil = new Map<string, number>();
  readonly #lookAt = new Map<string, number>();
  /** Models without a provider here, which were warned about. */
  readonly #unknown = new Set<string>();
  #sweepAt = 0;

  constructor(parts: Omit<UpstreamParts, 'stopping'>) {
    this.#parts = { ...parts, stopping: this.#stopping.signal };
    this.#lost = new LostBatches(this.#parts);
  }

  /** One round: what is open goes on, what waits for long enough is sent. */
  async run(): Promise<void> {
    const { store } = this.#parts;
    const open = await store.openBatches();
    this.#forget(open);
    for (const batch of open) await this.#attempt(batch.model, (provider) => this.#goOn(provider, batch));
    for (const waiting of await store.waitingCalls()) {
      if (this.#isDue(waiting))
        await this.#attempt(waiting.model, (provider) => this.#send(provider, waiting));
    }
    if (performance.now() < this.#sweepAt) return;
    this.#sweepAt = performance.now() + sweepEveryMs;
    await store.dropOfflineCalls(mostSwept);
  }

  /** Breaks off what is under way; what came of it is found out by whoever goes on. */
  stop(): void {
    this.#stopping.abort();
  }

  /** What goes wrong with one batch does not keep the others from going on. */
  async #attempt(model: string, work: (provider: UpstreamProvider) => Promise<void>): Promise<void> {
    const { upstream, logger, stopping } = this.#parts;
    if (stopping.aborted || performance.now() < (this.#pausedUntil.get(model) ?? 0)) return;
    const provider = upstream(model);
    if (provider === null) {
      if (this.#unknown.has(model)) return;
      this.#unknown.add(model);
      logger.warn({ model }, 'calls wait for upstream batches of a provider that is not configured here');
      return;
    }
    try {
      await work(provider);
    } catch (thrown) {
      if (stopping.aborted) return;
      logger.warn({ model, err: thrown }, 'upstream batches did not go on; the next round tries again');
      this.#pause(model, toFleetError(thrown));
    }
  }

  #goOn(provider: UpstreamProvider, batch: UpstreamBatch): Promise<void> {
    switch (batch.state) {
      case 'claimed':
        return this.#submit(provider, batch);
      case 'sending':
        return this.#findOut(provider, batch);
      case 'submitted':
        return this.#look(provider, batch);
      default:
        return giveBack(this.#parts, batch.id, 'returning');
    }
  }

  async #submit(provider: UpstreamProvider, batch: Pick<UpstreamBatch, 'id' | 'model'>): Promise<void> {
    const calls = await this.#parts.store.unansweredCalls(batch.id);
    const fault = await submitBatch(this.#parts, provider, batch, calls);
    if (fault) this.#pause(batch.model, fault);
  }

  /** The creation may still be under way, here or in another process, for as long as it is not old. */
  async #findOut(provider: UpstreamProvider, batch: UpstreamBatch): Promise<void> {
    const { unknownMs } = this.#parts.options;
    if ((batch.sentForMs ?? 0) < unknownMs || !this.#isTimeToLook(batch)) return;
    await this.#lost.find(provider, batch);
  }

  async #look(provider: UpstreamProvider, batch: UpstreamBatch): Promise<void> {
    const { upstreamId } = batch;
    if (upstreamId === null || !this.#isTimeToLook(batch)) return;
    const state = await provider.state(upstreamId, this.#stopping.signal);
    if (state === 'ended') return fetchResults(this.#parts, provider, batch, upstreamId);
    if (state === 'gone' && (batch.sentForMs ?? 0) > goneAfterMs) {
      this.#parts.metrics.upstreamBatch('gone');
      this.#parts.logger.warn({ batch: batch.id, upstreamId }, 'the provider knows no such batch any more');
      await giveBack(this.#parts, batch.id, 'submitted');
    }
  }

  /** Sends what waits for a model, batch after batch. */
  async #send(provider: UpstreamProvider, { model, count }: WaitingCalls): Promise<void> {
    const { store, options } = this.#parts;
    for (let sent = 0; sent < count && !this.#stopping.signal.aborted; ) {
      const id = newId('ub');
      const calls = await store.claimCalls({ id, model }, options.requests);
      if (calls.length === 0) return;
      const fault = await submitBatch(this.#parts, provider, { id, model }, calls);
      if (fault) return this.#pause(model, fault);
      sent += calls.length;
    }
  }

  #isDue({ count, oldestMs }: WaitingCalls): boolean {
    const { ageMs, requests } = this.#parts.options;
    return oldestMs >= ageMs || count >= requests;
  }

  /** Young batches are looked at often, old ones seldom. */
  #isTimeToLook({ id, sentForMs }: UpstreamBatch): boolean {
    const now = performance.now();
    if (now < (this.#lookAt.get(id) ?? 0)) return false;
    this.#lookAt.set(id, now + Math.min((sentForMs ?? 0) * lookAfterShare, longestLookMs));
    return true;
  }

  #pause(model: string, fault: FleetError): void {
    const retryAfterMs = fault.retryAfterMs ?? pausedRounds * this.#parts.options.everyMs;
    this.#pausedUntil.set(model, performance.now() + Math.min(retryAfterMs, longestLookMs));
  }

  #forget(open: readonly UpstreamBatch[]): void {
    const ids = new Set(open.map((batch) => batch.id));
    for (const id of this.#lookAt.keys()) if (!ids.has(id)) this.#lookAt.delete(id);
  }
}
