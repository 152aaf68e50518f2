import {
  approvalEvent,
  approvalOfEvent,
  type Delivery,
  endEvent,
  jobWebhookId,
  type NewDelivery,
  plainJob,
} from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { describe, expect, test } from 'vitest';
import { contend, newJob, type OpenedStore, success, taken } from './fixtures.ts';

const webhook = { url: 'https://hook.example/job', events: ['job.succeeded' as const] };
const anHour = 3_600_000;
const newTenant = () => `tenant_${newId('wh')}`;
const failed = { outcome: 'failed', status: 500, error: 'It answered 500.', durationMs: 3 } as const;
const delivered = { outcome: 'delivered', status: 204, error: null, durationMs: 12 } as const;

/** Webhooks of jobs, the announcement of approvals, failing webhooks, and the end of the log. */
export function jobWebhookRules(opened: () => OpenedStore): void {
  const store = () => opened().store;

  const register = (tenant: string) =>
    store().createWebhook({
      id: newId('wh'),
      tenant,
      url: 'https://hook.example/',
      secrets: ['whsec_b25l'],
      events: [],
      description: '',
      disabled: null,
    });

  async function endedJob(tenant: string, over: Parameters<typeof newJob>[0] = {}): Promise<string> {
    const { job } = await store().accept(newJob({ tenant, ...over }));
    await store().settle((await taken(store(), job.id)).fence, success());
    return job.id;
  }

  const delivery = (tenant: string, jobId: string, over: Partial<NewDelivery> = {}): NewDelivery => ({
    id: newId('whd'),
    webhookId: jobWebhookId(tenant),
    url: webhook.url,
    tenant,
    jobId,
    ...endEvent({ jobId, state: 'succeeded' }),
    ...over,
  });

  /** A registered webhook with deliveries of ended jobs. */
  async function withDeliveries(count: number) {
    const tenant = newTenant();
    const { id } = await register(tenant);
    for (let n = 0; n < count; n += 1) {
      const jobId = await endedJob(tenant);
      await store().announce(jobId, [delivery(tenant, jobId, { webhookId: id, url: null })]);
    }
    return { tenant, id };
  }

  async function due(webhookId: string, leaseMs = 60_000): Promise<Delivery[]> {
    const claimed = await store().dueDeliveries({ limit: 1_000, perWebhook: 1_000, except: [], leaseMs });
    return claimed.filter((each) => each.webhookId === webhookId);
  }

  const unannounced = async (tenant: string) =>
    (await store().unannouncedJobs(10_000)).filter((job) => job.tenant === tenant);

  describe('a webhook of a job', () => {
    test('stays with the job, is announced with its end, and its deliveries are sent and found', async () => {
      const tenant = newTenant();
      await store().jobSecrets(tenant, 'whsec_b25l');
      const jobId = await endedJob(tenant, { webhook });
      const plain = await endedJob(tenant);
      expect((await store().job(tenant, jobId))?.webhook).toEqual(webhook);
      expect((await store().job(tenant, plain))?.webhook).toEqual(plainJob.webhook);
      expect(await unannounced(tenant)).toMatchObject([
        { jobId, webhook },
        { jobId: plain, webhook: null },
      ]);
      const made = delivery(tenant, jobId);
      await contend(
        () => store().announce(jobId, [made]),
        () => store().announce(jobId, [{ ...made, id: newId('whd') }]),
      );
      const [entry] = await store().jobDeliveries(tenant, jobId, { limit: 10 });
      expect(await store().jobDeliveries(tenant, jobId, { limit: 10 })).toHaveLength(1);
      expect(entry).toMatchObject({ jobId, url: webhook.url, eventId: made.eventId });
      expect(await store().jobDeliveries(newTenant(), jobId, { limit: 10 })).toEqual([]);
      expect(await due(made.webhookId)).toMatchObject([{ id: entry?.id, url: webhook.url, attempts: 1 }]);
    });

    test('is signed by secrets of its tenant, made once', async () => {
      const tenant = newTenant();
      const made = await contend(
        ...['whsec_YQ==', 'whsec_Yg==', 'whsec_Yw=='].map((fresh) => () => store().jobSecrets(tenant, fresh)),
      );
      expect(new Set(made.map((secrets) => secrets.join())).size).toBe(1);
      expect(made[0]).toHaveLength(1);
      await store().setJobSecrets(tenant, ['whsec_bmV3', 'whsec_YQ==']);
      expect(await store().jobSecrets(tenant, 'whsec_ZA==')).toEqual(['whsec_bmV3', 'whsec_YQ==']);
      expect(await store().jobSecrets(newTenant(), 'whsec_ZA==')).toEqual(['whsec_ZA==']);
    });

    test('is no registered one, and is not lost with those', async () => {
      const tenant = newTenant();
      const id = jobWebhookId(tenant);
      await store().jobSecrets(tenant, 'whsec_b25l');
      const jobId = await endedJob(tenant, { webhook });
      await store().announce(jobId, [delivery(tenant, jobId)]);
      expect(await store().webhooks(tenant, { limit: 10 })).toEqual([]);
      expect(await store().webhook(tenant, id)).toBeNull();
      expect(await store().updateWebhook(tenant, id, { disabled: 'why' })).toBeNull();
      expect(await store().deleteWebhook(tenant, id)).toBe(false);
      expect(await store().jobDeliveries(tenant, jobId, { limit: 10 })).toHaveLength(1);
      expect(await store().jobSecrets(tenant, 'whsec_ZA==')).toEqual(['whsec_b25l']);
    });

    test('entries of a job are listed newest first, page by page', async () => {
      const { tenant, id } = await withDeliveries(0);
      await store().jobSecrets(tenant, 'whsec_b25l');
      const jobId = await endedJob(tenant, { webhook });
      const [first, second] = [
        delivery(tenant, jobId),
        delivery(tenant, jobId, { webhookId: id, url: null }),
      ];
      await store().announce(jobId, [first]);
      await store().announce(jobId, [second]);
      const ids = async (page: { limit: number; after?: string }) =>
        (await store().jobDeliveries(tenant, jobId, page)).map((each) => each.id);
      expect(await ids({ limit: 1 })).toEqual([second.id]);
      expect(await ids({ limit: 5, after: second.id })).toEqual([first.id]);
    });
  });

  describe('approvals to announce', () => {
    const ask = (slot: number) => ({
      round: 0,
      slot,
      toolUseId: `toolu_${slot}`,
      tool: 'bank__pay',
      input: {},
      expiresMs: anHour,
    });
    const mine = async (tenant: string) =>
      (await store().unannouncedApprovals(10_000)).filter((each) => each.tenant === tenant);
    async function asked(tenant: string, ...slots: number[]): Promise<string> {
      const { job } = await store().accept(newJob({ tenant, webhook }));
      await store().requestApprovals((await taken(store(), job.id)).fence, slots.map(ask));
      return job.id;
    }

    test('are those asked for since there was a webhook, parked or not, each once', async () => {
      const tenant = newTenant();
      await asked(tenant, 1);
      expect(await mine(tenant)).toEqual([]);
      const { id } = await register(tenant);
      const jobId = await asked(tenant, 1, 2);
      const found = await mine(tenant);
      expect(found).toMatchObject([
        { jobId, tenant, round: 0, slot: 1, webhook },
        { jobId, tenant, round: 0, slot: 2, webhook },
      ]);
      const [first, second] = found as [(typeof found)[number], (typeof found)[number]];
      const approval = await store().approval(tenant, jobId, 'toolu_1');
      expect(first.requestedAt).toEqual(approval?.requestedAt);
      const told = { webhookId: id, url: null, ...approvalEvent(first) };
      const announce = () => store().announceApproval(first, [delivery(tenant, jobId, told)]);
      await contend(announce, announce, announce);
      expect(await mine(tenant)).toEqual([second]);
      await store().announceApproval(second, []);
      expect(await mine(tenant)).toEqual([]);
      expect(await store().deliveries(tenant, id, { limit: 10 })).toMatchObject([
        { event: 'approval.requested', eventId: told.eventId, jobId },
      ]);
    });

    test('are found by their event', async () => {
      const tenant = newTenant();
      const jobId = await asked(tenant, 1, 2);
      const at = approvalOfEvent(approvalEvent({ jobId, round: 0, slot: 2 }).eventId) ?? undefined;
      expect(await store().approvals(tenant, { jobId, at }, { limit: 5 })).toMatchObject([
        { toolUseId: 'toolu_2' },
      ]);
      expect(approvalOfEvent(endEvent({ jobId, state: 'failed' }).eventId)).toBeNull();
    });
  });

  describe('a webhook that fails', () => {
    test('does so since its first failure, until something is delivered', async () => {
      const { tenant, id } = await withDeliveries(2);
      const since = async () => (await store().webhook(tenant, id))?.failingSince;
      expect(await since()).toBeNull();
      const [first, second] = (await due(id, -1)) as [Delivery, Delivery];
      const fail = { ...failed, attempt: 1, nextAttemptMs: -1 };
      expect((await store().recordAttempt(first.id, fail)).failingMs).toBeLessThan(5_000);
      const began = (await since()) as Date;
      expect(Math.abs(began.getTime() - Date.now())).toBeLessThan(60_000);
      expect((await store().recordAttempt(second.id, fail)).failingMs).toBeGreaterThanOrEqual(0);
      expect(await since()).toEqual(began);
      await due(id);
      const outdated = await store().recordAttempt(first.id, {
        ...delivered,
        attempt: 1,
        nextAttemptMs: null,
      });
      expect(outdated).toEqual({ failingMs: null });
      expect(await since()).toEqual(began);
      const success = { ...delivered, attempt: 2, nextAttemptMs: null };
      expect(await store().recordAttempt(first.id, success)).toEqual({ failingMs: null });
      expect(await since()).toBeNull();
    });

    test('begins anew when it is enabled again, or leads elsewhere', async () => {
      const { tenant, id } = await withDeliveries(1);
      const [only] = (await due(id, -1)) as [Delivery];
      const fail = () => store().recordAttempt(only.id, { ...failed, attempt: 1, nextAttemptMs: -1 });
      const change = async (over: Parameters<ReturnType<typeof store>['updateWebhook']>[2]) =>
        (await store().updateWebhook(tenant, id, over))?.failingSince;
      await fail();
      expect(await change({ description: 'still the same', url: 'https://hook.example/' })).not.toBeNull();
      expect(await change({ url: 'https://other.example/' })).toBeNull();
      await fail();
      expect(await change({ disabled: 'why' })).not.toBeNull();
      expect(await change({ disabled: null })).toBeNull();
    });
  });

  test('old deliveries are deleted in pages, those that are pending stay', async () => {
    const { tenant, id } = await withDeliveries(4);
    const log = () => store().deliveries(tenant, id, { limit: 10 });
    const claimed = await due(id);
    for (const each of claimed.slice(0, 3)) {
      await store().recordAttempt(each.id, { ...delivered, attempt: 1, nextAttemptMs: null });
    }
    await store().deleteDeliveries(anHour, 1_000);
    expect(await log()).toHaveLength(4);
    expect(await store().deleteDeliveries(0, 2)).toBe(2);
    while ((await store().deleteDeliveries(0, 2)) > 0);
    expect(await log()).toMatchObject([{ id: claimed[3]?.id }]);
  });
}
