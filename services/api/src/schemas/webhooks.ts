import { jobWebhookEvents, webhookEvents } from '@mcp-fleet/core';
import { z } from 'zod';
import { plainText, plainUrl, shownTime } from './common.ts';

const url = plainUrl.max(2_000).describe('https, unless the operator allows its host.');
const events = z.array(z.enum(webhookEvents)).max(webhookEvents.length).describe('Empty for all.');
const description = plainText.max(500);

const jobEvents = z.array(z.enum(jobWebhookEvents)).max(jobWebhookEvents.length).describe('Empty for all.');
export const newJobWebhook = z
  .strictObject({ url, events: jobEvents.optional() })
  .meta({ id: 'NewJobWebhook' });
export const jobWebhook = z
  .object({ url: z.string(), events: z.array(z.enum(webhookEvents)) })
  .meta({ id: 'JobWebhook' });

export const jobSecrets = z
  .object({
    type: z.literal('job_webhook_secrets'),
    secrets: z
      .array(z.string())
      .describe('`whsec_…` (Standard Webhooks), the newest first. Each signs: two while one is replaced.'),
  })
  .meta({ id: 'JobWebhookSecrets' });

export const createWebhook = z
  .strictObject({ url, events: events.default([]), description: description.default('') })
  .meta({ id: 'NewWebhook' });

export const updateWebhook = z
  .strictObject({
    url: url.optional(),
    events: events.optional(),
    description: description.optional(),
    enabled: z.boolean().optional(),
  })
  .meta({ id: 'WebhookChange' });

export const webhook = z
  .object({
    id: z.string(),
    type: z.literal('webhook'),
    url: z.string(),
    events: z.array(z.enum(webhookEvents)),
    description: z.string(),
    enabled: z.boolean(),
    disabled_reason: z.string().nullable(),
    failing_since: shownTime.nullable().describe('Since when every attempt has failed.'),
    created_at: shownTime,
    updated_at: shownTime,
  })
  .meta({ id: 'Webhook' });
export type WebhookView = z.infer<typeof webhook>;

export const webhookWithSecret = webhook
  .extend({ secret: z.string().describe('`whsec_…` (Standard Webhooks), shown this once.') })
  .meta({ id: 'WebhookWithSecret' });

export const deletedWebhook = z.object({ id: z.string(), type: z.literal('webhook_deleted') });

export const delivery = z
  .object({
    id: z.string(),
    type: z.literal('webhook_delivery'),
    webhook_id: z.string().nullable().describe("Null for the job's own webhook."),
    url: z.string().nullable().describe("Where the job's own webhook leads; null for a registered one."),
    event: z.enum(webhookEvents),
    event_id: z.string().describe('The `webhook-id` that the receiver gets, the same on every attempt.'),
    job_id: z.string().nullable().describe('Null for the end of a batch.'),
    batch_id: z.string().nullable(),
    attempts: z.int(),
    outcome: z.enum(['delivered', 'failed', 'gone', 'refused']).nullable(),
    status: z.int().nullable(),
    error: z.string().nullable(),
    duration_ms: z.int().nullable(),
    next_attempt_at: shownTime.nullable(),
    delivered_at: shownTime.nullable(),
    created_at: shownTime,
  })
  .meta({ id: 'WebhookDelivery' });
export type DeliveryView = z.infer<typeof delivery>;
