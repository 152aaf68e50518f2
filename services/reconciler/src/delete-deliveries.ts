import type { WebhookParts } from './parts.ts';

/** Deliveries that are deleted at a time. */
const pageSize = 1_000;

/** Pages of one round; the next round goes on. */
const mostPages = 20;

/** Deletes deliveries that are older than they are to be kept. One that is still to be sent stays. */
export async function deleteDeliveries({ store, metrics }: WebhookParts, keepMs: number): Promise<void> {
  for (let pages = 0; pages < mostPages; pages += 1) {
    const deleted = await store.deleteDeliveries(keepMs, pageSize);
    metrics.repaired('old_delivery_deleted', deleted);
    if (deleted < pageSize) return;
  }
}
