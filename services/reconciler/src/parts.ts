import type { ContextStore } from '@mcp-fleet/core';
import type { BullJobQueue, QueueBackend, Signals } from '@mcp-fleet/queue';
import type { FleetMetrics, Logger } from '@mcp-fleet/runtime';

/** What the repairs work on. */
export interface ReconcilerParts {
  store: ContextStore;
  queue: BullJobQueue;
  backend: QueueBackend;
  signals: Signals;
  metrics: FleetMetrics;
  logger: Logger;
}

/** What announcing events and sending webhooks work on. */
export type WebhookParts = Pick<ReconcilerParts, 'store' | 'metrics' | 'logger'>;
