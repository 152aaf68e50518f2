import { BullJobQueue, openQueueBackend } from '@mcp-fleet/queue';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { uniqueName } from '../../support/topologies.ts';
import { until } from '../../support/until.ts';
import type { QueuePlace } from './fixtures.ts';
import { jobs } from './fixtures.ts';

/** What producers get while the server of the queue is away; for places that are servers. */
export function outageRules(createPlace: () => Promise<QueuePlace>): void {
  let place: QueuePlace;
  let proxy: TcpProxy;
  let url: URL;

  beforeEach(async () => {
    place = await createPlace();
    const direct = openQueueBackend(place.target);
    await direct.migrate();
    await direct.close();
    url = new URL(place.target);
    proxy = await startTcpProxy(url.hostname, Number(url.port));
    url.port = String(proxy.port);
  });
  afterEach(async () => {
    await proxy.stop();
    await place.remove();
  });

  const open = () => {
    const backend = openQueueBackend(url.href, { queueName: uniqueName() });
    const queue = new BullJobQueue(backend);
    const stop = () => queue.stop().then(() => backend.close());
    return { queue, stop };
  };
  const works = (queue: BullJobQueue) =>
    until('the queue to take an id', () =>
      queue.add('job_a').then(
        () => true,
        () => false,
      ),
    );

  test('a producer that is made while the server is away fails with a reason, and works later', async () => {
    proxy.goDown();
    const { queue, stop } = open();
    await expect(queue.add('job_a')).rejects.toMatchObject({ code: 'queue_unavailable', retry: 'again' });
    await expect(queue.addMany(jobs('job_a'))).rejects.toMatchObject({ code: 'queue_unavailable' });
    await expect(queue.counts()).rejects.toMatchObject({ code: 'queue_unavailable' });
    proxy.reset();
    await works(queue);
    expect(await queue.counts()).toMatchObject({ waiting: 1 });
    await stop();
  });

  test('a producer that loses its server fails with a reason, and works when it is back', async () => {
    const { queue, stop } = open();
    await queue.start();
    proxy.goDown();
    await expect(queue.add('job_a')).rejects.toMatchObject({ code: 'queue_unavailable' });
    proxy.reset();
    await works(queue);
    await stop();
  });

  test('connections that break at any moment of a start end nothing but that start', async () => {
    const { queue: first, stop } = open();
    await first.start();
    for (let n = 0; n < 25; n += 1) {
      const { queue, stop: stopThis } = open();
      const started = queue.start().catch(() => undefined);
      for (let turns = 0; turns < n; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      proxy.cut();
      await Promise.race([started, works(queue)]);
      await stopThis();
    }
    await works(first);
    await stop();
  });
}
