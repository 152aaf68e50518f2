import type { Page } from './page.ts';
import type {
  Delivery,
  DueDeliveries,
  EndedAttempt,
  NewDelivery,
  NewWebhook,
  RecordedAttempt,
  UnannouncedApproval,
  UnannouncedBatch,
  UnannouncedJob,
  Webhook,
  WebhookChange,
} from './webhook.ts';

/** The store's verbs about webhooks and what they are sent. */
export interface WebhookStore {
  createWebhook(webhook: NewWebhook): Promise<Webhook>;
  webhook(tenant: string, id: string): Promise<Webhook | null>;
  webhooks(tenant: string, page: Page): Promise<Webhook[]>;
  /**
   * Null when there is no such webhook. Disabling ends its pending deliveries; enabling it again does not bring
   * them back, nor what happened in between.
   */
  updateWebhook(tenant: string, id: string, change: WebhookChange): Promise<Webhook | null>;
  /** Deletes it with its deliveries, also those that are left of one that is gone. False when it was not there. */
  deleteWebhook(tenant: string, id: string): Promise<boolean>;
  /**
   * The secrets that sign what is sent to the webhooks of a tenant's jobs, the newest first; `fresh` is the first
   * one where there is none yet. From then on jobs can be accepted with a webhook.
   */
  jobSecrets(tenant: string, fresh: string): Promise<string[]>;
  /** Replaces them. They have to be there. */
  setJobSecrets(tenant: string, secrets: readonly string[]): Promise<void>;

  /**
   * Jobs that ended while their tenant had an enabled webhook, or `jobSecrets`, and that were not announced, the oldest end first.
   *
   * `settle` knows nothing of webhooks: an ended job is unannounced until it carries a mark, under an index by
   * tenant and end. No clock and no order of commits comes into it, so that an end that is committed late is
   * found late and never missed; a cursor over the times of the ends would have to guess how late that can be.
   * The price is one index entry for each ended job. Without an enabled webhook it costs one small query.
   */
  unannouncedJobs(limit: number): Promise<UnannouncedJob[]>;
  /**
   * Makes the deliveries that are not there yet, due at once, and marks the ended job as announced. Those of a
   * webhook that is gone are left out, or are there for nothing. Safe to repeat, and by several at once.
   */
  announce(jobId: string, deliveries: readonly NewDelivery[]): Promise<void>;
  /** Approvals that were asked for while their tenant had one, and that were not announced, the oldest first. */
  unannouncedApprovals(limit: number): Promise<UnannouncedApproval[]>;
  /** As `announce`, of an approval. */
  announceApproval(
    approval: Pick<UnannouncedApproval, 'jobId' | 'round' | 'slot'>,
    deliveries: readonly NewDelivery[],
  ): Promise<void>;
  /** Batches that ended while their tenant had an enabled webhook, and whose end was not announced, the oldest first. */
  unannouncedBatches(limit: number): Promise<UnannouncedBatch[]>;
  /** As `announce`, of this end of a batch. */
  announceBatch(
    batch: Pick<UnannouncedBatch, 'batchId' | 'endedAt'>,
    deliveries: readonly NewDelivery[],
  ): Promise<void>;
  /** Claims due deliveries, those due longest first, and counts an attempt for each. */
  dueDeliveries(due: DueDeliveries): Promise<Delivery[]>;
  /** Records how an attempt ended, unless a later one has begun. */
  recordAttempt(deliveryId: string, attempt: EndedAttempt): Promise<RecordedAttempt>;
  /** The delivery log of a webhook. */
  deliveries(tenant: string, webhookId: string, page: Page): Promise<Delivery[]>;
  /** What was sent about a job, to its own webhook and to registered ones. */
  jobDeliveries(tenant: string, jobId: string, page: Page): Promise<Delivery[]>;
  /** Makes a delivery due at once, with all its attempts before it. Null when there is none. */
  redeliver(tenant: string, deliveryId: string): Promise<Delivery | null>;
  /** Deletes deliveries that were made longer ago and are not pending, at most so many; returns how many. */
  deleteDeliveries(olderThanMs: number, limit: number): Promise<number>;
}
