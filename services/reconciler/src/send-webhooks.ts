import { setTimeout as sleep } from 'node:timers/promises';
import { approvalOfEvent, type Delivery, type Webhook } from '@mcp-fleet/core';
import {
  approvalBody,
  batchBody,
  endBody,
  newSecret,
  nextAttemptMs,
  type SendResult,
  WebhookSender,
  withRetryAfter,
} from '@mcp-fleet/webhooks';
import { announceApprovals } from './announce-approvals.ts';
import { announceBatches } from './announce-batches.ts';
import { announceEnds } from './announce-ends.ts';
import type { WebhookParts } from './parts.ts';

/** Deliveries on their way at once. */
const concurrency = 20;

/** Of these, at most so many of one webhook, so that one that does not answer leaves room for others. */
const perWebhook = 4;

/** Longer than an attempt takes with all that is around it. */
const leaseMs = 60_000;

export interface WebhookOptions {
  /** How often events are announced; as long a round sends what is due. */
  everyMs: number;
  /** Hosts, addresses and ranges that may be reached although they are private. */
  allow: readonly string[];
  /** A webhook is disabled when a delivery's whole schedule failed, and every attempt has failed for so long. */
  disableAfterMs: number;
  /** How long deliveries stay in the log. */
  keepMs: number;
  /** Milliseconds to wait after the n-th attempt; that of the package unless a test has its own. */
  retry?: typeof nextAttemptMs;
}

type Target = Pick<Webhook, 'url' | 'secrets' | 'disabled'>;

/**
 * Tells webhooks of events. Each delivery is claimed under a lease, so several may send at once, and one that
 * dies leaves its deliveries to the others: a receiver can get an event more than once, under the same id.
 */
export class WebhookDeliveries {
  readonly #parts: WebhookParts;
  readonly #everyMs: number;
  readonly #disableAfterMs: number;
  readonly #retry: typeof nextAttemptMs;
  readonly #sender: WebhookSender;
  readonly #stopping = new AbortController();
  /** What is on its way, with the id of its webhook. */
  readonly #sending = new Map<Promise<void>, string>();

  constructor(parts: WebhookParts, options: WebhookOptions) {
    this.#parts = parts;
    this.#everyMs = options.everyMs;
    this.#disableAfterMs = options.disableAfterMs;
    this.#retry = options.retry ?? nextAttemptMs;
    this.#sender = new WebhookSender({ allow: options.allow });
  }

  /**
   * One round: announces events, then sends until nothing is due or the round's time is over. What is still on its
   * way then does not hold up the next round.
   */
  async send(): Promise<void> {
    await announceEnds(this.#parts);
    await announceApprovals(this.#parts);
    await announceBatches(this.#parts);
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
    const { tenant, webhookId, eventId } = delivery;
    const [target, body] = await Promise.all([this.#target(delivery), this.#body(delivery)]);
    if (target === null) {
      await store.deleteWebhook(tenant, webhookId);
      return;
    }
    if (target.disabled !== null) return this.#drop(delivery, 'The webhook is disabled.');
    if (body === null) return this.#drop(delivery, 'What it is about is gone.');
    const result = await this.#sender.send(target, { eventId, body, at: new Date() }, this.#stopping.signal);
    if (this.#stopping.signal.aborted && result.outcome === 'failed') return;
    await this.#record(delivery, result);
  }

  async #target({ tenant, webhookId, url }: Delivery): Promise<Target | null> {
    const { store } = this.#parts;
    if (url === null) return store.webhook(tenant, webhookId);
    return { url, secrets: await store.jobSecrets(tenant, newSecret()), disabled: null };
  }

  /** Null when what it is about is gone. */
  async #body({ tenant, jobId, event, eventId }: Delivery): Promise<string | null> {
    const { store } = this.#parts;
    if (event === 'batch.ended') {
      const batch = await store.batch(tenant, jobId);
      return batch && batchBody(batch);
    }
    const job = await store.job(tenant, jobId);
    const at = approvalOfEvent(eventId);
    if (job === null || at === null) return job && endBody(job);
    const [approval] = await store.approvals(tenant, { jobId, at }, { limit: 1 });
    return approval ? approvalBody(job, approval) : null;
  }

  async #record(delivery: Delivery, result: SendResult): Promise<void> {
    const { store, metrics } = this.#parts;
    const { id, attempts, url } = delivery;
    const gone = result.outcome === 'gone';
    metrics.webhookAttempted(result.outcome);
    if (gone && url === null) await this.#disable(delivery, result.error);
    const done = gone || result.outcome === 'delivered';
    const wait = done ? null : this.#retry(attempts, Math.random());
    const nextAttemptMs = wait === null ? null : withRetryAfter(wait, result.retryAfterMs);
    const { failingMs } = await store.recordAttempt(id, { ...result, attempt: attempts, nextAttemptMs });
    if (done || url !== null || wait !== null || failingMs === null) return;
    if (failingMs < this.#disableAfterMs) return;
    const days = Math.round(failingMs / 8_640_000) / 10;
    await this.#disable(delivery, `Every attempt has failed for ${days} days. The last one: ${result.error}`);
  }

  async #disable({ tenant, webhookId, id }: Delivery, reason: string | null): Promise<void> {
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
