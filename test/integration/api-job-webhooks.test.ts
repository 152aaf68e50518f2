import { FleetClient } from '@mcp-fleet/client';
import { Webhook as Verifier } from 'standardwebhooks';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startFleetProcess } from '../support/fleet-process.ts';
import { useFleet } from '../support/fleet-under-test.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone } from '../support/simulator-control.ts';
import { someTopologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `webhooks of jobs over HTTP, ${name}`, () => {
    const fleet = useFleet(open);
    let receiver: WebhookReceiver;
    let stop: (() => Promise<unknown>)[];
    beforeEach(async () => {
      receiver = await startWebhookReceiver();
      stop = [() => receiver.stop()];
    });
    afterEach(async () => {
      for (const each of stop) await each();
    });

    /** An api, a worker and a reconciler whose webhooks may reach these hosts. */
    async function start(allow: string): Promise<FleetClient> {
      const env = { WEBHOOK_ALLOW: allow, WEBHOOK_EVERY_MS: '200' };
      const api = await fleet().start('api', env);
      await fleet().start('worker');
      const reconciler = await startFleetProcess(['reconciler'], { ...fleet().env, ...env });
      stop.unshift(() => reconciler.kill('SIGKILL'));
      return new FleetClient({ url: api.url });
    }

    const entry = (client: FleetClient, jobId: string, event: string) =>
      until(`the entry of ${event}`, async () => {
        const { data } = await client.jobs.deliveries(jobId);
        return data.find((each) => each.event === event && each.outcome !== null);
      });

    test('a job tells its own URL of the approval that it waits for and of its end, signed', async () => {
      const { tools, simulator } = fleet();
      await fleet().addServer('counting', { url: tools.url, tools: { add: { approval: 'always' } } });
      const client = await start('127.0.0.1');
      await simulator.script([asksToAdd(1), saysDone('a secret answer')]);
      const webhook = { url: receiver.url, events: ['job.succeeded', 'approval.requested'] as const };
      const metadata = { order: '7' };
      const job = await client.jobs.create({
        query: 'a secret query',
        metadata,
        webhook: { ...webhook, events: [...webhook.events] },
      });
      expect(job.webhook).toEqual(webhook);

      const [asked] = await receiver.count(1);
      const [approval] = (await client.approvals.list({ job_id: job.id })).data;
      const { secrets } = await client.webhooks.jobSecrets();
      const verify = (secret: string | undefined, event: typeof asked) =>
        new Verifier(secret as string).verify(event?.body ?? '', event?.headers as never);
      expect(verify(secrets[0], asked)).toEqual({
        type: 'approval.requested',
        timestamp: approval?.requested_at,
        data: {
          id: job.id,
          session_id: null,
          metadata,
          approval: {
            tool_use_id: approval?.tool_use_id,
            tool: 'counting__add',
            expires_at: approval?.expires_at,
          },
        },
      });
      await client.approvals.decide(job.id, approval?.tool_use_id as string, { decision: 'approve' });
      const [, ended] = await receiver.count(2);
      expect(verify(secrets[0], ended)).toMatchObject({ type: 'job.succeeded', data: { id: job.id } });
      expect(`${asked?.body}${ended?.body}`).not.toContain('secret');

      const sent = await entry(client, job.id, 'job.succeeded');
      expect(sent).toMatchObject({
        webhook_id: null,
        url: receiver.url,
        outcome: 'delivered',
        job_id: job.id,
      });
      expect((await client.webhooks.list()).data).toEqual([]);
      const rotated = await client.webhooks.rotateJobSecret();
      expect(rotated.secrets).toHaveLength(2);
      expect(rotated.secrets[1]).toBe(secrets[0]);
      await client.webhooks.redeliver(sent.id);
      const [, , again] = await receiver.count(3);
      expect(again?.headers['webhook-id']).toBe(ended?.headers['webhook-id']);
      for (const secret of rotated.secrets) verify(secret, again);
    });

    test('a name that leads to a private address gets no connection, and the log says so', async () => {
      const client = await start('');
      await fleet().simulator.script([saysDone('done')]);
      const url = receiver.url.replace('http://127.0.0.1', 'https://localhost');
      const job = await client.jobs.create({ query: 'a query', webhook: { url } });
      const refused = await entry(client, job.id, 'job.succeeded');
      expect(refused).toMatchObject({ outcome: 'refused', error: expect.stringContaining('loopback') });
      expect(receiver.received).toEqual([]);
    });

    test('a URL that no webhook may have is refused with the job', async () => {
      const api = await fleet().start('api');
      const client = new FleetClient({ url: api.url });
      for (const url of [
        'http://example.com/hook',
        'https://127.0.0.1/hook',
        'https://169.254.169.254/latest/meta-data',
        'https://[::ffff:10.0.0.1]/hook',
        'https://user:word@example.com/hook',
      ]) {
        const submitted = client.jobs.create({ query: 'x', webhook: { url } });
        await expect(submitted, url).rejects.toMatchObject({ status: 403 });
      }
      expect((await client.jobs.list()).data).toEqual([]);
    });
  });
}
