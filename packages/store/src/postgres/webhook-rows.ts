import type {
  AttemptResult,
  Delivery,
  TerminalState,
  UnannouncedJob,
  Webhook,
  WebhookEvent,
} from '@mcp-fleet/core';

export interface WebhookRow {
  id: string;
  tenant: string;
  url: string;
  secrets: string[];
  events: WebhookEvent[];
  description: string;
  disabled: string | null;
  enabled_at: Date;
  created_at: Date;
  updated_at: Date;
}

export interface DeliveryRow {
  id: string;
  webhook_id: string;
  tenant: string;
  job_id: string;
  event: WebhookEvent;
  event_id: string;
  attempts: number;
  outcome: AttemptResult['outcome'] | null;
  status: number | null;
  error: string | null;
  duration_ms: number | null;
  next_attempt_at: Date | null;
  delivered_at: Date | null;
  created_at: Date;
}

export interface UnannouncedRow {
  id: string;
  tenant: string;
  state: TerminalState;
  ended_at: Date;
}

export function toWebhook(row: WebhookRow): Webhook {
  return {
    id: row.id,
    tenant: row.tenant,
    url: row.url,
    secrets: row.secrets,
    events: row.events,
    description: row.description,
    disabled: row.disabled,
    enabledAt: row.enabled_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export function toDelivery(row: DeliveryRow): Delivery {
  const { outcome, status, error, duration_ms } = row;
  return {
    id: row.id,
    webhookId: row.webhook_id,
    tenant: row.tenant,
    jobId: row.job_id,
    event: row.event,
    eventId: row.event_id,
    attempts: row.attempts,
    last: outcome === null ? null : { outcome, status, error, durationMs: duration_ms ?? 0 },
    nextAttemptAt: row.next_attempt_at,
    deliveredAt: row.delivered_at,
    createdAt: row.created_at,
  };
}

export function toUnannounced(row: UnannouncedRow): UnannouncedJob {
  return { jobId: row.id, tenant: row.tenant, state: row.state, endedAt: row.ended_at };
}
