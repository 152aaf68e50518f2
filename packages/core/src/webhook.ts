import { type Approval, approvalId, parseApprovalId } from './approval.ts';
import type { TerminalState } from './job.ts';
import { asksFor, type JobWebhook, type WebhookEvent } from './job-webhook.ts';

export interface NewWebhook {
  /** `wh_…` */
  id: string;
  tenant: string;
  url: string;
  /** `whsec_<base64>`, every one of which signs: two while a secret is being replaced. */
  secrets: string[];
  /** Empty for all. */
  events: WebhookEvent[];
  description: string;
  /** Why it gets nothing; null while it is enabled. */
  disabled: string | null;
}

/** A URL of a tenant that is told of events. */
export interface Webhook extends NewWebhook {
  /** It is told of what happens from then on: its creation, or when it was last enabled again. */
  enabledAt: Date;
  /** Since when every attempt has failed; null after one that was delivered. */
  failingSince: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

/** Fields that are absent stay as they are. `disabled: null` enables. Enabling, or another URL, ends `failingSince`. */
export interface WebhookChange {
  url?: string | undefined;
  secrets?: string[] | undefined;
  events?: WebhookEvent[] | undefined;
  description?: string | undefined;
  disabled?: string | null | undefined;
}

/** An ended job that its tenant's webhooks were not told of yet. */
export interface UnannouncedJob {
  jobId: string;
  tenant: string;
  state: TerminalState;
  endedAt: Date;
  webhook: JobWebhook | null;
}

/** An approval that was asked for, and that its tenant's webhooks were not told of yet. */
export interface UnannouncedApproval extends Pick<Approval, 'jobId' | 'tenant' | 'round' | 'slot'> {
  requestedAt: Date;
  /** That of the job. */
  webhook: JobWebhook | null;
}

/** A batch that ended, and that its tenant's webhooks were not told of yet. */
export interface UnannouncedBatch {
  batchId: string;
  tenant: string;
  endedAt: Date;
}

export interface NewDelivery {
  /** `whd_…` */
  id: string;
  /** `jobWebhookId` for a URL that the job was submitted with. */
  webhookId: string;
  tenant: string;
  /** The job that it is about; of `batch.ended` the batch. */
  jobId: string;
  /** Where a job's own webhook leads; null for a registered one. */
  url: string | null;
  event: WebhookEvent;
  /** The receiver's `webhook-id`, the same on every attempt. Unique for a webhook. */
  eventId: string;
}

/** What one attempt to deliver came to. */
export interface AttemptResult {
  /** `gone`: the receiver asked to be left alone (410). `refused`: an address that is not to be reached. */
  outcome: 'delivered' | 'failed' | 'gone' | 'refused';
  /** The HTTP status; null without an answer. */
  status: number | null;
  /** A sentence for people; null when it was delivered. */
  error: string | null;
  durationMs: number;
}

/** One event for one webhook: an entry of the delivery log. */
export interface Delivery extends NewDelivery {
  /** Attempts begun since it was made, or was last asked for again. */
  attempts: number;
  /** What the last attempt came to; null before the first. */
  last: AttemptResult | null;
  /** Null when there will be none. While an attempt runs, when it counts as lost. */
  nextAttemptAt: Date | null;
  deliveredAt: Date | null;
  createdAt: Date;
}

/** An attempt that ended. `attempt` is the delivery's `attempts` as it was claimed. */
export interface EndedAttempt extends AttemptResult {
  attempt: number;
  /** Milliseconds until the next one, by the store's clock; null for none. */
  nextAttemptMs: number | null;
}

/** Which due deliveries to claim. */
export interface DueDeliveries {
  limit: number;
  /** At most so many of one webhook, so that a slow receiver does not take every place. */
  perWebhook: number;
  /** Webhooks that get none now. */
  except: readonly string[];
  /** They are nobody else's for so long. */
  leaseMs: number;
}

/** How an attempt left the webhook. */
export interface RecordedAttempt {
  /** Milliseconds for which every attempt to this webhook has failed; null unless this one failed. */
  failingMs: number | null;
}

/** The event that a job ended with, under an id that is always the same for this end. */
export function endEvent(job: { jobId: string; state: TerminalState }): {
  event: WebhookEvent;
  eventId: string;
} {
  return { event: `job.${job.state}`, eventId: `evt_${job.jobId}_${job.state}` };
}

/** The event of a batch's end. One that ends again, after a retry of its lines, has another id. */
export function batchEvent({ batchId, endedAt }: Pick<UnannouncedBatch, 'batchId' | 'endedAt'>): {
  event: WebhookEvent;
  eventId: string;
} {
  return { event: 'batch.ended', eventId: `evt_${batchId}_ended_${endedAt.getTime()}` };
}

const approvalEventId = /^evt_(.+)_approval$/;

/** The event of an approval that was asked for, under an id that is always the same for this approval. */
export function approvalEvent(approval: Pick<Approval, 'jobId' | 'round' | 'slot'>): {
  event: WebhookEvent;
  eventId: string;
} {
  return { event: 'approval.requested', eventId: `evt_${approvalId(approval)}_approval` };
}

/** Which approval an event is about; null when it is about none. */
export function approvalOfEvent(eventId: string): Pick<Approval, 'jobId' | 'round' | 'slot'> | null {
  const [, id] = approvalEventId.exec(eventId) ?? [];
  return id === undefined ? null : parseApprovalId(id);
}

/** True when a webhook is to be told of an event that happened at a time. */
export function wants(webhook: Webhook, event: WebhookEvent, at: Date): boolean {
  if (webhook.disabled !== null || at < webhook.enabledAt) return false;
  return asksFor(webhook, event);
}
