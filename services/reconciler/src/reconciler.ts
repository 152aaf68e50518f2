import type { Upstream } from '@mcp-fleet/models';
import { RepeatingTask } from '@mcp-fleet/queue';
import type { Logger } from '@mcp-fleet/runtime';
import { BatchDispatch } from './batches/batch-dispatch.ts';
import { BlobCollection } from './collect-blobs.ts';
import { deleteDeliveries } from './delete-deliveries.ts';
import { endOverdue } from './end-overdue.ts';
import { expireSessions } from './expire-sessions.ts';
import { freeSessions } from './free-sessions.ts';
import { JobOffers, type OfferOptions } from './offer-jobs.ts';
import type { ReconcilerParts } from './parts.ts';
import { WebhookDeliveries, type WebhookOptions } from './send-webhooks.ts';
import { UpstreamBatches } from './upstream/upstream-batches.ts';
import type { UpstreamOptions } from './upstream/upstream-parts.ts';

export interface ReconcilerOptions extends OfferOptions {
  everyMs: number;
  /** How often batches are looked after when they have nothing to do. */
  dispatchEveryMs: number;
  webhooks: WebhookOptions;
  upstream: UpstreamOptions;
}

/** Milliseconds that one turn at batches may take, well within the lock of its tick. */
const dispatchForMs = 5_000;

/** Jobs in the store that one reading of the metrics counts. */
const mostCounted = 100_000;

/**
 * Puts right what a crash, a lost queue or a passed deadline left behind, turns batches into jobs, tells webhooks of
 * ends, and sends model calls in upstream batches. Each has a schedule of its own in the queue, so that none waits for
 * a slow other one, and which lets one reconciler act at a time; all of it is idempotent, so that two would do no harm.
 */
export class Reconciler {
  readonly #tasks: RepeatingTask[];
  readonly #dispatch: BatchDispatch;
  readonly #webhooks: WebhookDeliveries;
  readonly #upstream: UpstreamBatches;
  readonly #repairs: [name: string, repair: () => Promise<void>][];
  readonly #logger: Logger;

  constructor(parts: ReconcilerParts & { upstream: Upstream }, options: ReconcilerOptions) {
    const offers = new JobOffers(parts, options);
    const blobs = new BlobCollection(parts);
    this.#logger = parts.logger;
    const { queue, metrics, store } = parts;
    metrics.unendedJobs(() => store.unendedJobs(mostCounted));
    metrics.queue(async () => {
      const [interactive, batch] = await Promise.all([queue.counts('interactive'), queue.counts('batch')]);
      return { interactive, batch };
    });
    this.#repairs = [
      ['sessions', () => freeSessions(parts)],
      ['overdue', () => endOverdue(parts)],
      ['expired sessions', () => expireSessions(parts)],
      ['offers', () => offers.offer()],
      ['blobs', () => blobs.collect()],
      ['deliveries', () => deleteDeliveries(parts, options.webhooks.keepMs)],
    ];
    this.#dispatch = new BatchDispatch(parts);
    this.#webhooks = new WebhookDeliveries(parts, options.webhooks);
    this.#upstream = new UpstreamBatches({ ...parts, options: options.upstream });
    const task = (name: string, everyMs: number, run: () => Promise<void>) =>
      new RepeatingTask(parts.backend, {
        name,
        everyMs,
        run,
        onError: (error) => parts.logger.warn({ err: error, task: name }, 'a round failed; the next goes on'),
      });
    this.#tasks = [
      task('reconcile', options.everyMs, () => this.reconcile()),
      task('dispatch', options.dispatchEveryMs, () => this.#dispatch.run(dispatchForMs)),
      task('webhooks', options.webhooks.everyMs, () => this.#webhooks.send()),
      task('upstream', options.upstream.everyMs, () => this.#upstream.run()),
    ];
  }

  async start(): Promise<void> {
    await Promise.all(this.#tasks.map((task) => task.start()));
  }

  async stop(): Promise<void> {
    this.#dispatch.stop();
    this.#upstream.stop();
    await this.#webhooks.stop();
    await Promise.all(this.#tasks.map((task) => task.stop()));
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
