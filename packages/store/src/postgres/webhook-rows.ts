import type {
  AttemptResult,
  Delivery,
  TerminalState,
  UnannouncedApproval,
  UnannouncedJob,
  Webhook,
  WebhookEvent,
} from '@mcp-fleet/core';
import { decodeJobWebhook } from '../record-codec.ts';

export interface WebhookRow {
  id: string;
  tenant: string;
  url: string;
  secrets: string[];
  events: WebhookEvent[];
  description: string;
  disabled: string | null;
  enabled_at: Date;
  failing_since: Date | null;
  created_at: Date;
  updated_at: Date;
}

export interface DeliveryRow {
  id: string;
  webhook_id: string;
  tenant: string;
  job_id: string;
  url: string | null;
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
  webhook: string | null;
}

export interface UnannouncedApprovalRow {
  job_id: string;
  tenant: string;
  round: number;
  slot: number;
  requested_at: Date;
  webhook: string | null;
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
    failingSince: row.failing_since,
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
    url: row.url,
    event: row.event,
    eventId: row.event_id,
    attempts: row.attempts,
    last: outcome === null ? null : { outcome, status, error, durationMs: duration_ms ?? 0 },
    nextAttemptAt: row.next_attempt_at,
    deliveredAt: row.delivered_at,
    createdAt: row.created_at,
  };
}

export function toUnannounced({ id, tenant, state, ended_at, webhook }: UnannouncedRow): UnannouncedJob {
  return { jobId: id, tenant, state, endedAt: ended_at, webhook: toJobWebhook(webhook) };
}

export function toUnannouncedApproval(row: UnannouncedApprovalRow): UnannouncedApproval {
  const { job_id, tenant, round, slot, requested_at, webhook } = row;
  return { jobId: job_id, tenant, round, slot, requestedAt: requested_at, webhook: toJobWebhook(webhook) };
}

const toJobWebhook = (text: string | null) => (text === null ? null : decodeJobWebhook(text));
