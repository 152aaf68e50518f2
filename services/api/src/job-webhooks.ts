import type { JobWebhook, WebhookEvent } from '@mcp-fleet/core';
import { newSecret } from '@mcp-fleet/webhooks';
import type { ApiParts } from './parts.ts';
import { refuseUnreachable } from './webhook-url.ts';

/** Lets jobs be accepted with a webhook of their own. */
export class JobWebhooks {
  readonly #parts: Pick<ApiParts, 'store' | 'webhookAddresses'>;
  /** Tenants whose signing secret is there. It is never taken away again. */
  readonly #ready = new Set<string>();

  constructor(parts: Pick<ApiParts, 'store' | 'webhookAddresses'>) {
    this.#parts = parts;
  }

  /** Throws `permission_denied` for a URL that a registered webhook could not have either. */
  async admit(
    tenant: string,
    { url, events = [] }: { url: string; events?: WebhookEvent[] | undefined },
  ): Promise<JobWebhook> {
    const { store, webhookAddresses } = this.#parts;
    refuseUnreachable(url, webhookAddresses);
    const webhook = { url, events };
    if (this.#ready.has(tenant)) return webhook;
    await store.jobSecrets(tenant, newSecret());
    this.#ready.add(tenant);
    return webhook;
  }
}
