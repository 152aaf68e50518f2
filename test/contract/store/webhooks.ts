import {
  type Delivery,
  endEvent,
  type NewDelivery,
  type NewWebhook,
  type UnannouncedJob,
  type Webhook,
  wants,
} from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { beforeEach, describe, expect, test } from 'vitest';
import { contend, failure, newJob, type OpenedStore, success, taken } from './fixtures.ts';

const longLease = { limit: 100, perWebhook: 100, except: [], leaseMs: 60_000 };

/** A tenant of the test's own: what other tests left behind is not in its way. */
const newTenant = () => `tenant_${newId('wh')}`;

const newWebhook = (tenant: string, over: Partial<NewWebhook> = {}): NewWebhook => ({
  id: newId('wh'),
  tenant,
  url: 'https://hook.example/',
  secrets: ['whsec_b25l'],
  events: [],
  description: 'for a test',
  disabled: null,
  ...over,
});

const deliveryOf = (webhook: Webhook, { jobId, state }: UnannouncedJob): NewDelivery => ({
  id: newId('whd'),
  webhookId: webhook.id,
  url: null,
  tenant: webhook.tenant,
  jobId,
  ...endEvent({ jobId, state }),
});

/** Webhooks, the announcement of ended jobs, and the deliveries. */
export function webhookRules(opened: () => OpenedStore): void {
  const store = () => opened().store;

  async function endedJob(tenant: string, ending = success()): Promise<string> {
    const { job } = await store().accept(newJob({ tenant }));
    await store().settle((await taken(store(), job.id)).fence, ending);
    return job.id;
  }

  async function unannounced(tenant: string): Promise<UnannouncedJob[]> {
    return (await store().unannouncedJobs(10_000)).filter((job) => job.tenant === tenant);
  }

  /** Announces what there is to a webhook, and returns its log, oldest first. */
  async function announceTo(webhook: Webhook): Promise<Delivery[]> {
    for (const job of await unannounced(webhook.tenant)) {
      await store().announce(job.jobId, [deliveryOf(webhook, job)]);
    }
    return log(webhook);
  }

  const log = async ({ tenant, id }: Webhook) =>
    (await store().deliveries(tenant, id, { limit: 1_000 })).toReversed();

  /** Claims what is due of one webhook, and leaves the others alone. */
  async function due(webhook: Webhook, over: Partial<typeof longLease> = {}): Promise<Delivery[]> {
    const claimed = await store().dueDeliveries({ ...longLease, limit: 1_000, ...over });
    return claimed.filter((delivery) => delivery.webhookId === webhook.id);
  }

  async function webhookWithDeliveries(count: number): Promise<{ webhook: Webhook; deliveries: Delivery[] }> {
    const tenant = newTenant();
    const webhook = await store().createWebhook(newWebhook(tenant));
    for (let n = 0; n < count; n += 1) await endedJob(tenant);
    return { webhook, deliveries: await announceTo(webhook) };
  }

  const delivered = { outcome: 'delivered', status: 204, error: null, durationMs: 12 } as const;
  const failed = { outcome: 'failed', status: 500, error: 'It answered 500.', durationMs: 3 } as const;

  describe('webhooks', () => {
    test('are there for their tenant only, newest first, page by page', async () => {
      const tenant = newTenant();
      const made = [];
      for (const url of ['https://a.example/', 'https://b.example/', 'https://c.example/']) {
        made.push(await store().createWebhook(newWebhook(tenant, { url, events: ['job.failed'] })));
      }
      const [first, second, third] = made as [Webhook, Webhook, Webhook];
      expect(first).toMatchObject({
        url: 'https://a.example/',
        secrets: ['whsec_b25l'],
        events: ['job.failed'],
        description: 'for a test',
        disabled: null,
        enabledAt: first.createdAt,
      });
      expect(await store().webhook(tenant, first.id)).toEqual(first);
      expect(await store().webhook(newTenant(), first.id)).toBeNull();
      const page = await store().webhooks(tenant, { limit: 2 });
      expect(page).toEqual([third, second]);
      expect(await store().webhooks(tenant, { limit: 2, after: second.id })).toEqual([first]);
      expect(await store().webhooks(newTenant(), { limit: 2 })).toEqual([]);
    });

    test('change as far as they are told to', async () => {
      const tenant = newTenant();
      const { id, createdAt } = await store().createWebhook(newWebhook(tenant, { events: ['job.failed'] }));
      const secrets = ['whsec_b25l', 'whsec_dHdv'];
      expect(await store().updateWebhook(tenant, id, { secrets })).toMatchObject({
        secrets,
        events: ['job.failed'],
        url: 'https://hook.example/',
      });
      const change = { url: 'https://other.example/', events: [], description: '', secrets: ['whsec_dHdv'] };
      expect(await store().updateWebhook(tenant, id, change)).toMatchObject({ ...change, createdAt });
      expect(await store().webhook(tenant, id)).toMatchObject(change);
      expect(await store().updateWebhook(newTenant(), id, { url: 'https://evil.example/' })).toBeNull();
      expect(await store().updateWebhook(tenant, 'wh_none', change)).toBeNull();
      expect(await store().webhook(tenant, id)).toMatchObject(change);
    });

    test('are deleted with their deliveries, by their tenant only', async () => {
      const { webhook, deliveries } = await webhookWithDeliveries(1);
      expect(deliveries).toHaveLength(1);
      expect(await store().deleteWebhook(newTenant(), webhook.id)).toBe(false);
      expect(await log(webhook)).toHaveLength(1);
      expect(await store().deleteWebhook(webhook.tenant, webhook.id)).toBe(true);
      expect(await store().deleteWebhook(webhook.tenant, webhook.id)).toBe(false);
      expect(await log(webhook)).toEqual([]);
      expect(await due(webhook)).toEqual([]);
    });

    test('that are disabled lose what was pending, and start anew when they are enabled', async () => {
      const { webhook } = await webhookWithDeliveries(1);
      const { tenant, id } = webhook;
      const disabled = await store().updateWebhook(tenant, id, { disabled: 'a reason' });
      expect(disabled).toMatchObject({ disabled: 'a reason', enabledAt: webhook.enabledAt });
      expect(await log(webhook)).toMatchObject([{ nextAttemptAt: null, deliveredAt: null, attempts: 0 }]);
      expect(await due(webhook)).toEqual([]);
      await endedJob(tenant);
      expect(await unannounced(tenant)).toEqual([]);
      const enabled = (await store().updateWebhook(tenant, id, { disabled: null })) as Webhook;
      expect(enabled.disabled).toBeNull();
      expect(enabled.enabledAt.getTime()).toBeGreaterThan(webhook.enabledAt.getTime());
      expect(await unannounced(tenant)).toEqual([]);
      expect(await due(webhook)).toEqual([]);
      const again = await store().updateWebhook(tenant, id, { disabled: null });
      expect(again?.enabledAt).toEqual(enabled.enabledAt);
      const jobId = await endedJob(tenant);
      expect(await unannounced(tenant)).toMatchObject([{ jobId }]);
    });
  });

  describe('jobs to announce', () => {
    test('are those that ended since their tenant has had a webhook, the oldest end first', async () => {
      const tenant = newTenant();
      const before = await endedJob(tenant);
      expect(await unannounced(tenant)).toEqual([]);
      await store().createWebhook(newWebhook(tenant));
      const unended = await store().accept(newJob({ tenant }));
      const succeeded = await endedJob(tenant);
      const failedJob = await endedJob(tenant, failure());
      const { job: canceled } = await store().accept(newJob({ tenant }));
      await store().end(
        { jobId: canceled.id, tenant: canceled.tenant, sessionId: null, epoch: 0 },
        { ...failure(), state: 'canceled', error: null },
      );
      const found = await unannounced(tenant);
      expect(found.map(({ jobId, state }) => [jobId, state])).toEqual([
        [succeeded, 'succeeded'],
        [failedJob, 'failed'],
        [canceled.id, 'canceled'],
      ]);
      const ids = found.map((job) => job.jobId);
      expect(ids).not.toContain(before);
      expect(ids).not.toContain(unended.job.id);
      expect(found[0]?.endedAt).toEqual((await store().job(tenant, succeeded))?.endedAt);
      expect((await store().unannouncedJobs(2)).length).toBe(2);
    });

    test('are announced once, also to no webhook, and when several announce the same one', async () => {
      const tenant = newTenant();
      const [one, two] = [
        await store().createWebhook(newWebhook(tenant)),
        await store().createWebhook(newWebhook(tenant)),
      ];
      const jobs = [await endedJob(tenant), await endedJob(tenant)];
      const [first, second] = (await unannounced(tenant)) as [UnannouncedJob, UnannouncedJob];
      expect([first.jobId, second.jobId]).toEqual(jobs);
      const announce = () =>
        store().announce(
          first.jobId,
          [one, two].map((each) => deliveryOf(each, first)),
        );
      await contend(announce, announce, announce);
      await announce();
      await store().announce(second.jobId, []);
      expect(await unannounced(tenant)).toEqual([]);
      for (const webhook of [one, two]) {
        const deliveries = await log(webhook);
        expect(deliveries).toMatchObject([
          {
            webhookId: webhook.id,
            tenant,
            jobId: first.jobId,
            event: 'job.succeeded',
            attempts: 0,
            last: null,
          },
        ]);
        expect(deliveries[0]?.eventId).toBe(endEvent(first).eventId);
      }
      expect(await store().job(tenant, first.jobId)).toMatchObject({
        state: 'succeeded',
        answer: 'an answer',
      });
    });

    test('are not those that still run, whatever was announced of them', async () => {
      const tenant = newTenant();
      const webhook = await store().createWebhook(newWebhook(tenant));
      const { job } = await store().accept(newJob({ tenant }));
      const { fence } = await taken(store(), job.id);
      const asked: NewDelivery = {
        ...deliveryOf(webhook, {
          jobId: job.id,
          tenant,
          state: 'succeeded',
          endedAt: new Date(),
          webhook: null,
        }),
        event: 'approval.requested',
        eventId: `evt_${job.id}_approval_1`,
      };
      await store().announce(job.id, [asked]);
      await store().announce(job.id, [{ ...asked, id: newId('whd') }]);
      expect(await log(webhook)).toMatchObject([{ event: 'approval.requested', id: asked.id }]);
      await store().settle(fence, success());
      expect(await unannounced(tenant)).toMatchObject([{ jobId: job.id }]);
    });

    test('of a webhook that is gone make no delivery that stays', async () => {
      const { webhook } = await webhookWithDeliveries(0);
      await endedJob(webhook.tenant);
      const [job] = (await unannounced(webhook.tenant)) as [UnannouncedJob];
      await store().deleteWebhook(webhook.tenant, webhook.id);
      await store().announce(job.jobId, [deliveryOf(webhook, job)]);
      await store().deleteWebhook(webhook.tenant, webhook.id);
      expect(await log(webhook)).toEqual([]);
    });

    test('concern a webhook that is enabled, was so when it happened, and asks for it', () => {
      const at = new Date();
      const webhook: Webhook = {
        ...newWebhook('t'),
        enabledAt: at,
        failingSince: null,
        createdAt: at,
        updatedAt: at,
      };
      expect(wants(webhook, 'job.failed', at)).toBe(true);
      expect(wants(webhook, 'job.failed', new Date(at.getTime() - 1))).toBe(false);
      expect(wants({ ...webhook, disabled: 'why' }, 'job.failed', at)).toBe(false);
      expect(wants({ ...webhook, events: ['job.failed'] }, 'job.failed', at)).toBe(true);
      expect(wants({ ...webhook, events: ['job.failed'] }, 'job.expired', at)).toBe(false);
    });
  });

  describe('due deliveries', () => {
    // What other tests left due is claimed, so that it takes nobody's place.
    beforeEach(async () => {
      await store().dueDeliveries({ limit: 10_000, perWebhook: 10_000, except: [], leaseMs: 3_600_000 });
    });

    test('are claimed once, until the lease is over', async () => {
      const { webhook, deliveries } = await webhookWithDeliveries(3);
      const claims = await contend(
        () => due(webhook),
        () => due(webhook),
        () => due(webhook),
      );
      expect(
        claims
          .flat()
          .map((delivery) => delivery.id)
          .toSorted(),
      ).toEqual(deliveries.map((delivery) => delivery.id));
      expect(claims.flat().map((delivery) => delivery.attempts)).toEqual([1, 1, 1]);
      expect(await due(webhook)).toEqual([]);
      const lost = await webhookWithDeliveries(1);
      expect(await due(lost.webhook, { leaseMs: -1 })).toMatchObject([{ attempts: 1 }]);
      expect(await due(lost.webhook)).toMatchObject([{ attempts: 2 }]);
    });

    test('are shared out among webhooks, and left out where it is said so', async () => {
      const [busy, quiet, excepted] = [
        await webhookWithDeliveries(7),
        await webhookWithDeliveries(1),
        await webhookWithDeliveries(1),
      ];
      const except = [excepted.webhook.id];
      const claimed = await store().dueDeliveries({ limit: 1_000, perWebhook: 2, except, leaseMs: 60_000 });
      const count = ({ webhook }: { webhook: Webhook }) =>
        claimed.filter((delivery) => delivery.webhookId === webhook.id).length;
      expect([busy, quiet, excepted].map(count)).toEqual([2, 1, 0]);
      const few = await store().dueDeliveries({ limit: 3, perWebhook: 100, except: [], leaseMs: 60_000 });
      expect(few).toHaveLength(3);
      expect(few.map((delivery) => delivery.id)).toEqual(busy.deliveries.slice(2, 5).map(({ id }) => id));
    });

    test('of a slow webhook do not hide the others', async () => {
      const busy = await webhookWithDeliveries(9);
      const quiet = await webhookWithDeliveries(1);
      const claimed = await store().dueDeliveries({ limit: 4, perWebhook: 2, except: [], leaseMs: 60_000 });
      const of = ({ webhook }: { webhook: Webhook }) =>
        claimed.filter((delivery) => delivery.webhookId === webhook.id).length;
      expect([busy, quiet].map(of)).toEqual([2, 1]);
    });
  });

  describe('an attempt', () => {
    test('that failed is followed by the next when it is time, and the log says so', async () => {
      const { webhook } = await webhookWithDeliveries(1);
      const [first] = (await due(webhook)) as [Delivery];
      await store().recordAttempt(first.id, { ...failed, attempt: 1, nextAttemptMs: 3_600_000 });
      const [entry] = (await log(webhook)) as [Delivery];
      expect(entry).toMatchObject({ attempts: 1, last: failed, deliveredAt: null });
      expect((entry.nextAttemptAt?.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
      expect(await due(webhook)).toEqual([]);
      await store().recordAttempt(first.id, { ...failed, attempt: 1, nextAttemptMs: -1 });
      const [second] = (await due(webhook)) as [Delivery];
      expect(second).toMatchObject({ id: first.id, eventId: first.eventId, attempts: 2, last: failed });
      await store().recordAttempt(second.id, { ...delivered, attempt: 2, nextAttemptMs: null });
      expect(await log(webhook)).toMatchObject([
        { attempts: 2, last: delivered, nextAttemptAt: null, deliveredAt: expect.any(Date) },
      ]);
      expect(await due(webhook)).toEqual([]);
    });

    test('that ends after a later one has begun changes nothing', async () => {
      const { webhook } = await webhookWithDeliveries(1);
      const [early] = (await due(webhook, { leaseMs: -1 })) as [Delivery];
      const [late] = (await due(webhook)) as [Delivery];
      await store().recordAttempt(late.id, { ...delivered, attempt: 2, nextAttemptMs: null });
      await store().recordAttempt(early.id, { ...failed, attempt: 1, nextAttemptMs: -1 });
      expect(await log(webhook)).toMatchObject([{ last: delivered, nextAttemptAt: null }]);
    });

    test('is made again from the beginning when that is asked for, by the tenant', async () => {
      const { webhook } = await webhookWithDeliveries(1);
      const [first] = (await due(webhook)) as [Delivery];
      await store().recordAttempt(first.id, { ...delivered, attempt: 1, nextAttemptMs: null });
      expect(await store().redeliver(newTenant(), first.id)).toBeNull();
      expect(await store().redeliver(webhook.tenant, 'whd_none')).toBeNull();
      expect(await due(webhook)).toEqual([]);
      expect(await store().redeliver(webhook.tenant, first.id)).toMatchObject({
        id: first.id,
        attempts: 0,
        deliveredAt: null,
        last: delivered,
      });
      expect(await due(webhook)).toMatchObject([{ id: first.id, eventId: first.eventId, attempts: 1 }]);
    });

    test('stands in the log of its tenant only, newest first, page by page', async () => {
      const { webhook, deliveries } = await webhookWithDeliveries(3);
      const { tenant, id } = webhook;
      const [a, b, c] = deliveries.map((delivery) => delivery.id);
      const ids = async (page: { limit: number; after?: string | undefined }) =>
        (await store().deliveries(tenant, id, page)).map((delivery) => delivery.id);
      expect(await ids({ limit: 2 })).toEqual([c, b]);
      expect(await ids({ limit: 2, after: b })).toEqual([a]);
      expect(await store().deliveries(newTenant(), id, { limit: 10 })).toEqual([]);
    });
  });
}
