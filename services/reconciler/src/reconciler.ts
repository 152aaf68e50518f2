import { RepeatingTask } from '@mcp-fleet/queue';
import type { Logger } from '@mcp-fleet/runtime';
import { BlobCollection } from './collect-blobs.ts';
import { endOverdue } from './end-overdue.ts';
import { freeSessions } from './free-sessions.ts';
import { JobOffers, type OfferOptions } from './offer-jobs.ts';
import type { ReconcilerParts } from './parts.ts';

export interface ReconcilerOptions extends OfferOptions {
  everyMs: number;
}

/**
 * Puts right what a crash, a lost queue or a passed deadline left behind. A schedule in the queue lets one
 * reconciler act at a time; every repair is idempotent, so that two would do no harm.
 */
export class Reconciler {
  readonly #task: RepeatingTask;
  readonly #repairs: [name: string, repair: () => Promise<void>][];
  readonly #logger: Logger;

  constructor(parts: ReconcilerParts, options: ReconcilerOptions) {
    const offers = new JobOffers(parts, options);
    const blobs = new BlobCollection(parts);
    this.#logger = parts.logger;
    this.#repairs = [
      ['sessions', () => freeSessions(parts)],
      ['overdue', () => endOverdue(parts)],
      ['offers', () => offers.offer()],
      ['blobs', () => blobs.collect()],
    ];
    this.#task = new RepeatingTask(parts.backend, {
      name: 'reconcile',
      everyMs: options.everyMs,
      run: () => this.reconcile(),
      onError: (error) => parts.logger.warn({ err: error }, 'the schedule of the reconciler failed'),
    });
  }

  start(): Promise<void> {
    return this.#task.start();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }

  /** One round of all repairs; one that fails does not keep the others from their work. */
  async reconcile(): Promise<void> {
    for (const [repair, run] of this.#repairs) {
      try {
        await run();
      } catch (thrown) {
        this.#logger.warn({ repair, err: thrown }, 'a repair failed; the next round tries again');
      }
    }
  }
}
