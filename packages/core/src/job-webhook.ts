/** What the webhook of a job can be told of. */
export const jobWebhookEvents = [
  'job.succeeded',
  'job.failed',
  'job.canceled',
  'job.expired',
  'approval.requested',
] as const;
/** What a registered webhook can be told of. */
export const webhookEvents = [...jobWebhookEvents, 'batch.ended'] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

/** A URL that a job was submitted with, and that is told of this job alone. */
export interface JobWebhook {
  url: string;
  /** Empty for all. */
  events: WebhookEvent[];
}

/** What the deliveries to the webhooks of a tenant's jobs belong to, instead of a registered webhook. */
export const jobWebhookId = (tenant: string): string => `jobs:${tenant}`;

/** True when it asks for this kind of event. */
export function asksFor({ events }: Pick<JobWebhook, 'events'>, event: WebhookEvent): boolean {
  return events.length === 0 || events.includes(event);
}
