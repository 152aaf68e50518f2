import { batchEvent } from '@mcp-fleet/core';
import type { WebhookParts } from './parts.ts';
import { tellWebhooks } from './tell-webhooks.ts';

/** Makes deliveries of the batches that ended since the last round. Of their jobs none are made. */
export async function announceBatches({ store, metrics }: WebhookParts): Promise<void> {
  const announced = await tellWebhooks(store, {
    read: (limit) => store.unannouncedBatches(limit),
    happened: (batch) => ({
      ...{ tenant: batch.tenant, jobId: batch.batchId, webhook: null },
      ...batchEvent(batch),
      at: batch.endedAt,
    }),
    announce: (batch, deliveries) => store.announceBatch(batch, deliveries),
  });
  metrics.repaired('batch_announced', announced);
}
