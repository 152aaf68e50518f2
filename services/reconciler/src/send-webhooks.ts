import { setTimeout as sleep } from 'node:timers/promises';
import type { AttemptResult, Delivery } from '@mcp-fleet/core';
import { eventBody, nextAttemptMs, WebhookSender } from '@mcp-fleet/webhooks';
import { announceEnds } from './announce-ends.ts';
import type { WebhookParts } from './parts.ts';

/** Deliveries on their way at once. */
const concurrency = 20;

/** Of these, at most so many of one webhook, so that one that does not answer leaves room for others. */
const perWebhook = 4;

/** Longer than an attempt takes with all that is around it. */
const leaseMs = 60_000;

export interface WebhookOptions {
  /** How often ends are announced; as long a round sends what is due. */
  everyMs: number;
  /** Hosts, addresses and ranges that may be reached although they are private. */
  allow: readonly string[];
  /** Milliseconds to wait after the n-th attempt; that of the package unless a test has its own. */
  retry?: typeof nextAttemptMs;
}

/**
 * Tells webhooks of ended jobs. Each delivery is claimed under a lease, so several may send at once, and one that
 * dies leaves its deliveries to the others: a receiver can get an event more than once, under the same id.
 */
export class WebhookDeliveries {
  readonly #parts: WebhookParts;
  readonly #everyMs: number;
  readonly #retry: typeof nextAttemptMs;
  readonly #sender: WebhookSender;
  readonly #stopping = new AbortController();
  /** What is on its way, with the id of its webhook. */
  readonly #sending = new Map<Promise<void>, string>();

  constructor(parts: WebhookParts, options: WebhookOptions) {
    this.#parts = parts;
    this.#everyMs = options.everyMs;
    this.#retry = options.retry ?? nextAttemptMs;
    this.#sender = new WebhookSender({ allow: options.allow });
  }

  /**
   * One round: announces ends, then sends until nothing is due or the round's time is over. What is still on its
   * way then does not hold up the next round.
   */
  async send(): Promise<void> {
    await announceEnds(this.#parts);
    const over = new AbortController();
    const end = sleep(this.#everyMs, undefined, {
      signal: AbortSignal.any([over.signal, this.#stopping.signal]),
    });
    const roundOver = end.catch(() => undefined).then(() => over.abort());
    try {
      while (!over.signal.aborted && !this.#stopping.signal.aborted) {
        // One that ends while others are claimed leaves room that the claim did not see.
        const before = [...this.#sending.keys()];
        await this.#startDue();
        if (this.#sending.size === 0 && before.length === 0) return;
        await Promise.race([roundOver, ...before, ...this.#sending.keys()]);
      }
    } finally {
      over.abort();
    }
  }

  /** Breaks off what is on its way; it is sent again when its lease is over. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#sending.keys());
    await this.#sender.stop();
  }

  async #startDue(): Promise<void> {
    const limit = concurrency - this.#sending.size;
    if (limit <= 0) return;
    const except = [...new Set(this.#sending.values())];
    for (const delivery of await this.#parts.store.dueDeliveries({ limit, perWebhook, except, leaseMs })) {
      const sending = this.#deliver(delivery)
        .catch((thrown) => this.#report(delivery, thrown))
        .finally(() => this.#sending.delete(sending));
      this.#sending.set(sending, delivery.webhookId);
    }
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { store } = this.#parts;
    const { tenant, webhookId, jobId, eventId } = delivery;
    const [webhook, job] = await Promise.all([store.webhook(tenant, webhookId), store.job(tenant, jobId)]);
    if (webhook === null) {
      await store.deleteWebhook(tenant, webhookId);
      return;
    }
    if (webhook.disabled !== null) return this.#drop(delivery, 'The webhook is disabled.');
    if (job === null) return this.#drop(delivery, 'The job is gone.');
    const message = { eventId, body: eventBody(delivery, job), at: new Date() };
    const result = await this.#sender.send(webhook, message, this.#stopping.signal);
    if (this.#stopping.signal.aborted && result.outcome === 'failed') return;
    await this.#record(delivery, result);
  }

  async #record(delivery: Delivery, result: AttemptResult): Promise<void> {
    this.#parts.metrics.webhookAttempted(result.outcome);
    const done = result.outcome === 'delivered' || result.outcome === 'gone';
    const nextAttemptMs = done ? null : this.#retry(delivery.attempts, Math.random());
    if (result.outcome !== 'delivered' && nextAttemptMs === null) await this.#disable(delivery, result);
    const ended = { ...result, attempt: delivery.attempts, nextAttemptMs };
    await this.#parts.store.recordAttempt(delivery.id, ended);
  }

  async #disable(
    { tenant, webhookId, id, attempts }: Delivery,
    { outcome, error }: AttemptResult,
  ): Promise<void> {
    const reason =
      outcome === 'gone'
        ? error
        : `All ${attempts} attempts of the delivery ${id} failed. The last one: ${error}`;
    this.#parts.logger.warn({ tenant, webhookId, deliveryId: id, reason }, 'webhook disabled');
    this.#parts.metrics.repaired('webhook_disabled', 1);
    await this.#parts.store.updateWebhook(tenant, webhookId, { disabled: reason });
  }

  async #drop({ id, attempts }: Delivery, error: string): Promise<void> {
    const result = { outcome: 'failed', status: null, error, durationMs: 0 } as const;
    await this.#parts.store.recordAttempt(id, { ...result, attempt: attempts, nextAttemptMs: null });
  }

  #report({ tenant, webhookId, id }: Delivery, thrown: unknown): void {
    const what = 'an attempt of a delivery was not recorded; it is made again';
    this.#parts.logger.warn({ tenant, webhookId, deliveryId: id, err: thrown }, what);
  }
}
