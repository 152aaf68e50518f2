import { endEvent } from '@mcp-fleet/core';
import type { WebhookParts } from './parts.ts';
import { tellWebhooks } from './tell-webhooks.ts';

/** Makes deliveries of what ended since the last round. */
export async function announceEnds({ store, metrics }: WebhookParts): Promise<void> {
  const announced = await tellWebhooks(store, {
    read: (limit) => store.unannouncedJobs(limit),
    happened: (job) => ({ ...job, ...endEvent(job), at: job.endedAt }),
    announce: (job, deliveries) => store.announce(job.jobId, deliveries),
  });
  metrics.repaired('end_announced', announced);
}
