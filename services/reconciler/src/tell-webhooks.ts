import {
  asksFor,
  type JobWebhook,
  jobWebhookId,
  type NewDelivery,
  type Webhook,
  type WebhookEvent,
  wants,
} from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { WebhookParts } from './parts.ts';

/** Events that are read at a time. */
const pageSize = 500;

/** Pages of one round; the next round goes on. */
const mostPages = 20;

/** Events that are announced at once. */
const concurrency = 20;

/** Webhooks that are read at a time. */
const webhookPage = 200;

/** Something that happened to a job, and whether anybody was told of it is not known yet. */
export interface Happened {
  tenant: string;
  jobId: string;
  event: WebhookEvent;
  eventId: string;
  at: Date;
  /** That of the job. */
  webhook: JobWebhook | null;
}

/** Where events come from, and where it is noted that they were announced. */
export interface Announcement<T> {
  read(limit: number): Promise<T[]>;
  happened(from: T): Happened;
  announce(from: T, deliveries: NewDelivery[]): Promise<void>;
}

/**
 * Makes deliveries of what happened since the last round, and returns of how many events. One that is made is
 * sent, whatever becomes of this process.
 */
export async function tellWebhooks<T>(
  store: WebhookParts['store'],
  announcement: Announcement<T>,
): Promise<number> {
  let told = 0;
  for (let pages = 0; pages < mostPages; pages += 1) {
    const page = await announcement.read(pageSize);
    // Read after the events, so that none is missed that was there when one of them happened.
    const webhooks = new Map<string, Promise<Webhook[]>>();
    for (const from of page) {
      const { tenant } = announcement.happened(from);
      if (!webhooks.has(tenant)) webhooks.set(tenant, allWebhooks(store, tenant));
    }
    for (let at = 0; at < page.length; at += concurrency) {
      const some = page.slice(at, at + concurrency);
      await Promise.all(
        some.map(async (from) => {
          const happened = announcement.happened(from);
          const registered = (await webhooks.get(happened.tenant)) ?? [];
          await announcement.announce(from, deliveriesOf(happened, registered));
        }),
      );
    }
    told += page.length;
    if (page.length < pageSize) break;
  }
  return told;
}

function deliveriesOf(happened: Happened, registered: Webhook[]): NewDelivery[] {
  const { tenant, jobId, event, eventId, at, webhook } = happened;
  const targets = registered
    .filter((each) => wants(each, event, at))
    .map((each): Pick<NewDelivery, 'webhookId' | 'url'> => ({ webhookId: each.id, url: null }));
  if (webhook !== null && asksFor(webhook, event)) {
    targets.push({ webhookId: jobWebhookId(tenant), url: webhook.url });
  }
  return targets.map((target) => ({ id: newId('whd'), ...target, tenant, jobId, event, eventId }));
}

async function allWebhooks(store: WebhookParts['store'], tenant: string): Promise<Webhook[]> {
  const all: Webhook[] = [];
  for (;;) {
    const page = await store.webhooks(tenant, { limit: webhookPage, after: all.at(-1)?.id });
    all.push(...page);
    if (page.length < webhookPage) return all;
  }
}
