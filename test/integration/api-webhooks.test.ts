import { FleetClient } from '@mcp-fleet/client';
import { Webhook as Verifier } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { startFleetProcess } from '../support/fleet-process.ts';
import { useFleet } from '../support/fleet-under-test.ts';
import { describeWith } from '../support/services.ts';
import { saysDone } from '../support/simulator-control.ts';
import { someTopologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `webhooks over HTTP, ${name}`, () => {
    const fleet = useFleet(open);

    test('the end of a job reaches its webhook, signed; the log says so, and sends it again', async () => {
      const receiver = await startWebhookReceiver();
      const allowed = { WEBHOOK_ALLOW: '127.0.0.1', WEBHOOK_EVERY_MS: '200' };
      const api = await fleet().start('api', allowed);
      await fleet().start('worker');
      const reconciler = await startFleetProcess(['reconciler'], { ...fleet().env, ...allowed });
      try {
        const client = new FleetClient({ url: api.url });
        const webhook = await client.webhooks.create({ url: receiver.url, events: ['job.succeeded'] });
        expect(webhook.secret).toMatch(/^whsec_/);
        expect(JSON.stringify(await client.webhooks.get(webhook.id))).not.toContain(webhook.secret);
        const id = await fleet().submit([saysDone('a secret answer')]);

        const [event] = await receiver.count(1);
        new Verifier(webhook.secret).verify(event?.body ?? '', event?.headers as never);
        expect(event?.body).toContain(id);
        expect(event?.body).not.toContain('a secret answer');
        const data = await until('the entry', async () => {
          const log = await client.webhooks.deliveries(webhook.id);
          return log.data[0]?.delivered_at ? log.data : null;
        });
        expect(data).toMatchObject([
          { event: 'job.succeeded', job_id: id, outcome: 'delivered', status: 200 },
        ]);

        const { secret } = await client.webhooks.rotateSecret(webhook.id);
        await client.webhooks.redeliver(data[0]?.id as string);
        const [, again] = await receiver.count(2);
        expect(again?.headers['webhook-id']).toBe(event?.headers['webhook-id']);
        // The receiver may have either secret while it is replaced.
        for (const known of [webhook.secret, secret]) {
          new Verifier(known).verify(again?.body ?? '', again?.headers as never);
        }
        expect(await client.webhooks.update(webhook.id, { enabled: false })).toMatchObject({
          enabled: false,
        });
        await client.webhooks.delete(webhook.id);
        expect((await client.webhooks.list()).data).toEqual([]);
      } finally {
        await reconciler.kill('SIGKILL');
        await receiver.stop();
      }
    });

    test.each([
      'http://example.com/hook',
      'https://127.0.0.1/hook',
      'https://169.254.169.254/latest/meta-data',
      'https://[::ffff:10.0.0.1]/hook',
      'https://0x7f000001/hook',
      'https://user:word@example.com/hook',
    ])('%s is refused before anything is sent', async (url) => {
      const api = await fleet().start('api');
      const client = new FleetClient({ url: api.url });
      await expect(client.webhooks.create({ url })).rejects.toMatchObject({ status: 403 });
    });
  });
}
