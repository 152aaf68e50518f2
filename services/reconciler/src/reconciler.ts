import { RepeatingTask } from '@mcp-fleet/queue';
import type { Logger } from '@mcp-fleet/runtime';
import { BlobCollection } from './collect-blobs.ts';
import { deleteDeliveries } from './delete-deliveries.ts';
import { endOverdue } from './end-overdue.ts';
import { freeSessions } from './free-sessions.ts';
import { JobOffers, type OfferOptions } from './offer-jobs.ts';
import type { ReconcilerParts } from './parts.ts';
import { WebhookDeliveries, type WebhookOptions } from './send-webhooks.ts';

export interface ReconcilerOptions extends OfferOptions {
  everyMs: number;
  webhooks: WebhookOptions;
}

/**
 * Puts right what a crash, a lost queue or a passed deadline left behind, and tells webhooks of ends. A schedule in the queue lets one
 * reconciler act at a time; every repair is idempotent, so that two would do no harm.
 */
export class Reconciler {
  readonly #task: RepeatingTask;
  /** On a schedule of its own: receivers are slow, and what is to be repaired does not wait for them. */
  readonly #webhookTask: RepeatingTask;
  readonly #webhooks: WebhookDeliveries;
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
      ['deliveries', () => deleteDeliveries(parts, options.webhooks.keepMs)],
    ];
    this.#task = new RepeatingTask(parts.backend, {
      name: 'reconcile',
      everyMs: options.everyMs,
      run: () => this.reconcile(),
      onError: (error) => parts.logger.warn({ err: error }, 'the schedule of the reconciler failed'),
    });
    this.#webhooks = new WebhookDeliveries(parts, options.webhooks);
    this.#webhookTask = new RepeatingTask(parts.backend, {
      name: 'webhooks',
      everyMs: options.webhooks.everyMs,
      run: () => this.#webhooks.send(),
      onError: (error) => parts.logger.warn({ err: error }, 'a round of webhooks failed; the next goes on'),
    });
  }

  async start(): Promise<void> {
    await Promise.all([this.#task.start(), this.#webhookTask.start()]);
  }

  async stop(): Promise<void> {
    await this.#webhooks.stop();
    await Promise.all([this.#task.stop(), this.#webhookTask.stop()]);
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
