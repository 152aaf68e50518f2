import type { Environment } from '@mcp-fleet/runtime';
import type { WebhookOptions } from './send-webhooks.ts';

const dayMs = 86_400_000;

/** What the environment says about webhooks. */
export function webhookOptions(environment: Environment): WebhookOptions {
  return {
    everyMs: environment.WEBHOOK_EVERY_MS,
    allow: environment.WEBHOOK_ALLOW,
    disableAfterMs: environment.WEBHOOK_DISABLE_AFTER_DAYS * dayMs,
    keepMs: environment.WEBHOOK_LOG_DAYS * dayMs,
  };
}
