import { agentSpec, type Delivery, type NewWebhook, plainJob, type Webhook } from '@mcp-fleet/core';
import { startReconciler, WebhookDeliveries, type WebhookOptions } from '@mcp-fleet/reconciler';
import { createLogger, FleetMetrics, newId, readEnvironment, type Stoppable } from '@mcp-fleet/runtime';
import { newSecret } from '@mcp-fleet/webhooks';
import { Webhook as Verifier } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EndedJob, endJob as endJobOf } from '../support/end-job.ts';
import { describeWith } from '../support/services.ts';
import { type TestTopology, topologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';
import {
  type ReceivedEvent,
  startWebhookReceiver,
  type WebhookReceiver,
} from '../support/webhook-receiver.ts';

const tenant = 'local';
const agent = agentSpec.parse({ model: 'simulated' });
const logger = createLogger('webhooks.test', 'silent');

for (const { name, needs, open } of topologies) {
  describeWith(needs, `webhooks on ${name}`, () => {
    let topology: TestTopology;
    let receiver: WebhookReceiver;
    let started: Stoppable[];
    let metrics: FleetMetrics;

    beforeEach(async () => {
      [topology, receiver] = await Promise.all([open(), startWebhookReceiver()]);
      metrics = new FleetMetrics({ processMetrics: false });
      started = [];
    });
    afterEach(async () => {
      for (const part of started) await part.stop();
      await receiver.stop();
      await topology.stop();
    });

    const newWebhook = (over: Partial<NewWebhook> = {}): Promise<Webhook> =>
      topology.store.createWebhook({
        id: newId('wh'),
        tenant,
        url: receiver.url,
        secrets: [newSecret()],
        events: [],
        description: '',
        disabled: null,
        ...over,
      });

    const endJob = (over: EndedJob = {}) => endJobOf(topology.store, tenant, over);

    function deliverer(over: Partial<WebhookOptions> = {}): WebhookDeliveries {
      const parts = { store: topology.store, metrics, logger };
      const made = new WebhookDeliveries(parts, {
        everyMs: 20_000,
        allow: ['127.0.0.1'],
        disableAfterMs: 0,
        keepMs: 0,
        ...over,
      });
      started.push(made);
      return made;
    }

    const log = async ({ id }: Webhook) =>
      (await topology.store.deliveries(tenant, id, { limit: 100 })).toReversed();

    const logged = (webhook: Webhook, what: (delivery: Delivery) => boolean) =>
      until('an entry of the delivery log', async () => (await log(webhook)).find(what));

    const verify = ({ secrets }: Webhook, { body, headers }: ReceivedEvent) =>
      new Verifier(secrets[0] as string).verify(body, headers as Record<string, string>);

    test('a reconciler sends a signed event until it is received, under one id, and again when asked', async () => {
      const env = { ...topology.env, WEBHOOK_EVERY_MS: '200', WEBHOOK_ALLOW: 'localhost, 127.0.0.1' };
      started.push(await startReconciler({ environment: readEnvironment(env), logger }));
      const webhook = await newWebhook({ events: ['job.succeeded', 'job.failed'] });
      receiver.answers.push(500);
      const jobId = await endJob();

      const [first, second] = (await receiver.count(2)) as [ReceivedEvent, ReceivedEvent];
      expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
      expect(second.body).toBe(first.body);
      const waited = Number(second.headers['webhook-timestamp']) - Number(first.headers['webhook-timestamp']);
      expect(waited).toBeGreaterThanOrEqual(4);
      const job = await topology.store.job(tenant, jobId);
      for (const event of [first, second]) {
        expect(verify(webhook, event)).toEqual({
          type: 'job.succeeded',
          timestamp: job?.endedAt?.toISOString(),
          data: {
            id: jobId,
            state: 'succeeded',
            session_id: null,
            metadata: { order: '7' },
            ended_at: job?.endedAt?.toISOString(),
            error: null,
          },
        });
        expect(event.body).not.toContain('secret');
      }
      const delivery = await logged(webhook, (each) => each.deliveredAt !== null);
      expect(delivery).toMatchObject({
        jobId,
        event: 'job.succeeded',
        eventId: first.headers['webhook-id'],
        attempts: 2,
        last: { outcome: 'delivered', status: 200, error: null },
        nextAttemptAt: null,
      });

      await topology.store.redeliver(tenant, delivery.id);
      const [, , third] = await receiver.count(3);
      expect(third?.headers['webhook-id']).toBe(delivery.eventId);
      expect(third?.body).toBe(first.body);

      await logged(webhook, (each) => each.deliveredAt !== null && each.attempts === 1);
      await endJob({ state: 'failed' });
      const [, , , fourth] = await receiver.count(4);
      expect(JSON.parse(fourth?.body ?? '')).toMatchObject({
        type: 'job.failed',
        data: { state: 'failed', error: { type: 'limit_exceeded' } },
      });
      expect(fourth?.body).not.toContain('secret');
    });

    test('a reconciler empties the log of what is old', async () => {
      const webhook = await newWebhook();
      await endJob();
      await deliverer().send();
      expect(await log(webhook)).toHaveLength(1);
      const env = { ...topology.env, RECONCILE_EVERY_MS: '200', WEBHOOK_LOG_DAYS: '0.000001' };
      started.push(await startReconciler({ environment: readEnvironment(env), logger }));
      await until('an empty log', async () => (await log(webhook)).length === 0);
    });

    test('a receiver that answers 410 gets nothing more, and the webhook says why', async () => {
      const webhook = await newWebhook();
      receiver.answers.push(410);
      await endJob();
      await deliverer().send();
      expect(receiver.received).toHaveLength(1);
      const disabled = await topology.store.webhook(tenant, webhook.id);
      expect(disabled?.disabled).toContain('410');
      await endJob();
      await deliverer().send();
      expect(await log(webhook)).toMatchObject([
        { last: { outcome: 'gone', status: 410 }, nextAttemptAt: null },
      ]);
      expect(receiver.received).toHaveLength(1);
    });

    test('a delivery whose every attempt failed disables its webhook when all have failed for days', async () => {
      const webhook = await newWebhook();
      receiver.answers.push(500, 302, 404);
      await endJob();
      await deliverer({ retry: (attempt) => (attempt < 3 ? 0 : null) }).send();
      expect(receiver.received).toHaveLength(3);
      expect(new Set(receiver.received.map((event) => event.headers['webhook-id'])).size).toBe(1);
      const disabled = await topology.store.webhook(tenant, webhook.id);
      expect(disabled?.disabled).toMatch(/Every attempt has failed for 0 days.* 404/);
      expect(await log(webhook)).toMatchObject([
        { attempts: 3, last: { outcome: 'failed', status: 404 }, nextAttemptAt: null, deliveredAt: null },
      ]);
      expect(await metrics.registry.metrics()).toMatch(/fleet_webhook_deliveries_total{outcome="failed"} 3/);
    });

    test('one event that was never taken costs the webhook nothing, and what comes later is sent', async () => {
      const webhook = await newWebhook();
      const patient = deliverer({ retry: () => null, disableAfterMs: 5 * 86_400_000 });
      receiver.answers.push(500);
      await endJob();
      await patient.send();
      const failing = await topology.store.webhook(tenant, webhook.id);
      expect(failing).toMatchObject({ disabled: null, failingSince: expect.any(Date) });
      await endJob();
      await patient.send();
      expect((await log(webhook)).map(({ last }) => last?.outcome)).toEqual(['failed', 'delivered']);
      expect((await topology.store.webhook(tenant, webhook.id))?.failingSince).toBeNull();
    });

    test('a receiver that is busy is left alone for as long as it asks', async () => {
      const webhook = await newWebhook();
      receiver.answers.push({ status: 429, retryAfter: '3600' });
      await endJob();
      await deliverer().send();
      const [entry] = (await log(webhook)) as [Delivery];
      expect(Number(entry.nextAttemptAt) - Date.now()).toBeGreaterThan(3_500_000);
      expect(receiver.received).toHaveLength(1);
    });

    test('an approval is announced by another when its worker died before the job had parked', async () => {
      const { store } = topology;
      const webhook = await newWebhook({ events: ['approval.requested'] });
      const id = newId('job');
      await store.accept({
        ...plainJob,
        id,
        tenant,
        sessionId: null,
        agent,
        query: [{ type: 'text', text: 'pay' }],
      });
      const take = await store.take(id);
      if (take.kind !== 'taken') throw new Error(`${id} was not taken`);
      const call = { round: 0, slot: 1, toolUseId: 'toolu_1', tool: 'bank__pay', expiresMs: 60_000 };
      const fence = { jobId: id, tenant, sessionId: null, epoch: 1, owner: take.owner };
      await store.requestApprovals(fence, [{ ...call, input: { note: 'the secret note' } }]);

      const senders = [deliverer(), deliverer()];
      const all = async () => {
        await Promise.all(senders.map((sender) => sender.send()));
        return (await log(webhook))[0]?.deliveredAt;
      };
      await until('the delivery', all);
      await store.take(id);
      await store.requestApprovals({ ...fence, epoch: 2 }, [{ ...call, input: { note: 'the secret note' } }]);
      await deliverer().send();
      expect(receiver.received).toHaveLength(1);
      const [event] = receiver.received as [ReceivedEvent];
      expect(verify(webhook, event)).toMatchObject({
        type: 'approval.requested',
        data: { id, approval: { tool_use_id: 'toolu_1', tool: 'bank__pay' } },
      });
      expect(event.body).not.toContain('secret');
    });

    test("410 of a job's own webhook ends what is sent about that job, and nothing else", async () => {
      const { store } = topology;
      const [secret] = await store.jobSecrets(tenant, newSecret());
      receiver.answers.push(410);
      const first = await endJob({ webhook: { url: receiver.url, events: [] } });
      await deliverer().send();
      expect(await store.jobDeliveries(tenant, first, { limit: 10 })).toMatchObject([
        { last: { outcome: 'gone' }, nextAttemptAt: null },
      ]);
      await endJob({ webhook: { url: receiver.url, events: [] } });
      await endJob({ webhook: { url: receiver.url, events: ['job.failed'] } });
      await deliverer().send();
      expect(receiver.received).toHaveLength(2);
      const { body, headers } = receiver.received[1] as ReceivedEvent;
      new Verifier(secret as string).verify(body, headers as Record<string, string>);
    });

    test('several senders at once deliver each event to each webhook once', async () => {
      const webhooks = [await newWebhook(), await newWebhook({ events: ['job.failed'] })];
      const jobs = await Promise.all(
        Array.from({ length: 18 }, (_, n) => endJob({ state: n % 3 ? 'succeeded' : 'failed' })),
      );
      const senders = [deliverer(), deliverer(), deliverer()];
      const all = async () => {
        await Promise.all(senders.map((sender) => sender.send()));
        const entries = (await Promise.all(webhooks.map(log))).flat();
        return entries.length === 24 && entries.every((entry) => entry.deliveredAt !== null);
      };
      await until('all deliveries', all);
      const ids = receiver.received.map((event) => event.headers['webhook-id']);
      expect(ids).toHaveLength(24);
      expect(new Set(ids).size).toBe(jobs.length);
    });

    test('a receiver that does not answer does not hold up the others', async () => {
      const mute = await startWebhookReceiver();
      started.push(mute);
      mute.answers.push(...Array.from({ length: 50 }, () => 'hold' as const));
      const [slow, quick] = [await newWebhook({ url: mute.url }), await newWebhook()];
      await Promise.all(Array.from({ length: 16 }, () => endJob()));
      // Shorter than the time after which an attempt is given up.
      const round = deliverer({ everyMs: 12_000 }).send();
      await until(
        'all deliveries of the receiver that answers',
        async () => (await log(quick)).filter((entry) => entry.deliveredAt !== null).length === 16,
        12_000,
      );
      expect(receiver.received).toHaveLength(16);
      expect(mute.received.length).toBeLessThanOrEqual(4);
      expect((await log(slow)).every((entry) => entry.deliveredAt === null)).toBe(true);
      for (const part of started.splice(0).toReversed()) await part.stop();
      await round;
    });

    test('a private address that nobody allowed gets no connection, and the log says so', async () => {
      const webhook = await newWebhook({ url: receiver.url.replace('http:', 'https:') });
      await endJob();
      await deliverer({ allow: [] }).send();
      expect(receiver.received).toEqual([]);
      expect(await log(webhook)).toMatchObject([
        {
          attempts: 1,
          last: { outcome: 'refused', status: null, error: expect.stringContaining('loopback') },
        },
      ]);
    });
  });
}
