import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from '@mcp-fleet/core';
import type { ReconcilerParts } from '../parts.ts';
import { admitLines } from './admit-lines.ts';
import { shareRoom } from './share-room.ts';
import { spentBudget } from './spent-budget.ts';
import { stopLines } from './stop-lines.ts';

/** Batches that are looked after in one round. */
const mostBatches = 1_000;

/** Lines of one batch that are counted at a time. */
const mostCollected = 5_000;

/** A line that was opened this long ago and has no job was left by a reconciler that died. */
const lostMs = 60_000;

/** Ids that wait in the lane although no worker has shown that it takes any. */
const leastWaiting = 64;

/** Between rounds while something moves, and while lines are under way. */
const busyPauseMs = 50;
const idlePauseMs = 200;

const isIdle = ({ state, counts }: Batch) => state === 'paused' && counts.open === 0;

/**
 * Turns the lines of batches into jobs, a few more than workers can start before the next round, and counts those
 * that have ended. So the backlog stays in the store, and whoever is owed work gets it within seconds.
 */
export class BatchDispatch {
  readonly #parts: ReconcilerParts;
  readonly #stopping = new AbortController();
  /** Lines that ended in the round before: as many will be started until the next one. */
  #lately = 0;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** Rounds until no line is under way, or the time is over. */
  async run(forMs: number): Promise<void> {
    const until = performance.now() + forMs;
    const { signal } = this.#stopping;
    while (!signal.aborted && performance.now() < until) {
      const moved = await this.round();
      if (moved === null) return;
      const pauseMs = moved ? busyPauseMs : idlePauseMs;
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** One look at every batch. True when something has moved, null when nothing can. */
  async round(): Promise<boolean | null> {
    const { store } = this.#parts;
    const batches = await store.batchesAtWork(mostBatches);
    if (batches.every(isIdle)) return null;
    let moved = 0;
    let ended = 0;
    for (const batch of batches) {
      const { counts } = batch;
      if (counts.open > 0)
        ended += (await store.collectLines(batch.id, { limit: mostCollected, lostMs })).ended;
      moved += await this.#advance(batch);
    }
    moved += await this.#admit(batches.filter(({ state }) => state === 'in_progress'));
    this.#lately = ended;
    return moved + ended > 0;
  }

  /** Ends what is to end: returns how much that was. */
  async #advance(batch: Batch): Promise<number> {
    const state = await this.#parts.store.advanceBatch(batch.id);
    if (state === 'ended') {
      const { logger } = this.#parts;
      logger.info({ batchId: batch.id, tenant: batch.tenant, counts: batch.counts }, 'batch ended');
      return 1;
    }
    if (state === 'canceling') return stopLines(this.#parts, batch, 'canceled');
    if (state === 'expiring') return stopLines(this.#parts, batch, 'expired');
    return 0;
  }

  async #admit(batches: readonly Batch[]): Promise<number> {
    const { store, queue } = this.#parts;
    const backlog: Batch[] = [];
    for (const batch of batches) {
      if (batch.counts.waiting > 0 && (await this.#hasBudget(batch))) backlog.push(batch);
    }
    if (backlog.length === 0) return 0;
    const { waiting, active } = await queue.counts('batch');
    const room = Math.max(leastWaiting, 2 * active, 4 * this.#lately) - waiting;
    if (room <= 0) return 0;
    let admitted = 0;
    for (const { batch, lines } of await shareRoom(store, backlog, room)) {
      admitted += await admitLines(this.#parts, batch, lines);
    }
    return admitted;
  }

  /** A batch whose budget is spent is paused. */
  async #hasBudget(batch: Batch): Promise<boolean> {
    const spent = spentBudget(batch);
    if (spent === null || spent === 'wait') return spent === null;
    const reason = spent.pause;
    await this.#parts.store.changeBatch(batch.tenant, batch.id, {
      to: 'pause',
      reason,
      budget: batch.budget,
    });
    this.#parts.logger.info({ batchId: batch.id, tenant: batch.tenant, reason }, 'batch paused');
    return false;
  }
}
