import { endEvent, type UnannouncedJob, type Webhook, wants } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { WebhookParts } from './parts.ts';

/** Jobs that are read at a time. */
const pageSize = 500;

/** Pages of one round; the next round goes on. */
const mostPages = 20;

/** Jobs that are announced at once. */
const concurrency = 20;

/** Webhooks that are read at a time. */
const webhookPage = 200;

/** Makes deliveries of what ended since the last round. One that is made is sent, whatever becomes of this process. */
export async function announceEnds({ store, metrics }: WebhookParts): Promise<void> {
  for (let pages = 0; pages < mostPages; pages += 1) {
    const jobs = await store.unannouncedJobs(pageSize);
    // Read after the jobs, so that none is missing that was there when one of them ended.
    const webhooks = new Map<string, Promise<Webhook[]>>();
    for (const { tenant } of jobs) {
      if (!webhooks.has(tenant)) webhooks.set(tenant, allWebhooks(store, tenant));
    }
    for (let at = 0; at < jobs.length; at += concurrency) {
      const some = jobs.slice(at, at + concurrency);
      await Promise.all(
        some.map(async (job) => announce(store, job, (await webhooks.get(job.tenant)) ?? [])),
      );
    }
    metrics.repaired('end_announced', jobs.length);
    if (jobs.length < pageSize) return;
  }
}

async function announce(
  store: WebhookParts['store'],
  job: UnannouncedJob,
  webhooks: Webhook[],
): Promise<void> {
  const { jobId, tenant, endedAt } = job;
  const ended = endEvent(job);
  const told = webhooks.filter((webhook) => wants(webhook, ended.event, endedAt));
  const deliveries = told.map((webhook) => ({
    id: newId('whd'),
    webhookId: webhook.id,
    tenant,
    jobId,
    ...ended,
  }));
  await store.announce(jobId, deliveries);
}

async function allWebhooks(store: WebhookParts['store'], tenant: string): Promise<Webhook[]> {
  const all: Webhook[] = [];
  for (;;) {
    const page = await store.webhooks(tenant, { limit: webhookPage, after: all.at(-1)?.id });
    all.push(...page);
    if (page.length < webhookPage) return all;
  }
}
