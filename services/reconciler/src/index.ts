export type { ReconcilerParts } from './parts.ts';
export { Reconciler, type ReconcilerOptions } from './reconciler.ts';
export { WebhookDeliveries, type WebhookOptions } from './send-webhooks.ts';
export { startReconciler } from './start-reconciler.ts';
export { upstreamOptions } from './upstream/upstream-options.ts';
export { webhookOptions } from './webhook-options.ts';
