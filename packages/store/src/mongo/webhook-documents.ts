import type { AttemptResult, Delivery, Webhook, WebhookEvent } from '@mcp-fleet/core';

export interface WebhookDoc {
  _id: string;
  tenant: string;
  url: string;
  secrets: string[];
  events: WebhookEvent[];
  description: string;
  disabled: string | null;
  enabled_at: Date;
  /** Absent from schema version 4: null. */
  failing_since?: Date | null;
  /** Set for the one that the webhooks of a tenant's jobs share. */
  of_jobs?: true;
  created_at: Date;
  updated_at: Date;
}

export interface DeliveryDoc {
  _id: string;
  webhook_id: string;
  tenant: string;
  job_id: string;
  url?: string;
  event: WebhookEvent;
  event_id: string;
  attempts: number;
  last: { outcome: AttemptResult['outcome']; status: number | null; error: string | null; ms: number } | null;
  next_attempt_at: Date | null;
  delivered_at: Date | null;
  created_at: Date;
}

export function toWebhook(doc: WebhookDoc): Webhook {
  return {
    id: doc._id,
    tenant: doc.tenant,
    url: doc.url,
    secrets: doc.secrets,
    events: doc.events,
    description: doc.description,
    disabled: doc.disabled,
    enabledAt: doc.enabled_at,
    failingSince: doc.failing_since ?? null,
    createdAt: doc.created_at,
    updatedAt: doc.updated_at,
  };
}

export function toDelivery(doc: DeliveryDoc): Delivery {
  const { last } = doc;
  return {
    id: doc._id,
    webhookId: doc.webhook_id,
    tenant: doc.tenant,
    jobId: doc.job_id,
    url: doc.url ?? null,
    event: doc.event,
    eventId: doc.event_id,
    attempts: doc.attempts,
    last:
      last === null
        ? null
        : { outcome: last.outcome, status: last.status, error: last.error, durationMs: last.ms },
    nextAttemptAt: doc.next_attempt_at,
    deliveredAt: doc.delivered_at,
    createdAt: doc.created_at,
  };
}
