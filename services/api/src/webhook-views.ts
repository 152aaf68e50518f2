import type { Delivery, Webhook } from '@mcp-fleet/core';
import type { DeliveryView, WebhookView } from './schemas/webhooks.ts';

/** A webhook as the API shows it, without its secrets. */
export function webhookView(webhook: Webhook): WebhookView {
  return {
    id: webhook.id,
    type: 'webhook',
    url: webhook.url,
    events: webhook.events,
    description: webhook.description,
    enabled: webhook.disabled === null,
    disabled_reason: webhook.disabled,
    failing_since: webhook.failingSince?.toISOString() ?? null,
    created_at: webhook.createdAt.toISOString(),
    updated_at: webhook.updatedAt.toISOString(),
  };
}

/** A delivery as the API shows it. */
export function deliveryView({ last, ...delivery }: Delivery): DeliveryView {
  return {
    id: delivery.id,
    type: 'webhook_delivery',
    webhook_id: delivery.url === null ? delivery.webhookId : null,
    url: delivery.url,
    event: delivery.event,
    event_id: delivery.eventId,
    job_id: delivery.event === 'batch.ended' ? null : delivery.jobId,
    batch_id: delivery.event === 'batch.ended' ? delivery.jobId : null,
    attempts: delivery.attempts,
    outcome: last?.outcome ?? null,
    status: last?.status ?? null,
    error: last?.error ?? null,
    duration_ms: last === null ? null : Math.round(last.durationMs),
    next_attempt_at: delivery.nextAttemptAt?.toISOString() ?? null,
    delivered_at: delivery.deliveredAt?.toISOString() ?? null,
    created_at: delivery.createdAt.toISOString(),
  };
}
