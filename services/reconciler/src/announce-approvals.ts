import { approvalEvent } from '@mcp-fleet/core';
import type { WebhookParts } from './parts.ts';
import { tellWebhooks } from './tell-webhooks.ts';

/**
 * Makes deliveries of the approvals that were asked for since the last round. The store is looked at, not the
 * worker, so that one that died before its job had parked has asked all the same.
 */
export async function announceApprovals({ store, metrics }: WebhookParts): Promise<void> {
  const announced = await tellWebhooks(store, {
    read: (limit) => store.unannouncedApprovals(limit),
    happened: (asked) => ({ ...asked, ...approvalEvent(asked), at: asked.requestedAt }),
    announce: (asked, deliveries) => store.announceApproval(asked, deliveries),
  });
  metrics.repaired('approval_announced', announced);
}
