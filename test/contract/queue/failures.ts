import { randomBytes } from 'node:crypto';
import { BullJobQueue } from '@mcp-fleet/queue';
import { expect, test } from 'vitest';
import { startQueueHolder } from '../../support/queue-holder.ts';
import { uniqueName } from '../../support/topologies.ts';
import { until } from '../../support/until.ts';
import { aborted, jobs, openPlace, startHolding } from './fixtures.ts';
import type { QueueAdapter, QueueUnderTest } from './queue-contract.ts';

/** What becomes of an id when its consumer fails, stops, dies or loses its lock. */
export function failureRules(current: () => QueueUnderTest, adapter: QueueAdapter): void {
  const queue = () => current().queue;

  test('a handler that throws does not lose the id, and its message stays out of the queue', async () => {
    const consumer = await current().consume();
    await queue().add('job_a');
    const canary = `canary-${randomBytes(6).toString('hex')}`;
    (await consumer.next()).fail(new Error(canary));
    await until('the delay', async () => (await queue().counts()).delayed === 1);
    expect(consumer.errors.map((error) => error.message)).toEqual([canary]);
    expect(await current().inside.everything(current().queueName)).not.toContain(canary);
    const again = await consumer.next();
    expect(again.jobId).toBe('job_a');
    again.done();
  });

  test('stopping waits for the deliveries in flight and takes no more', async () => {
    const stopping = await current().consume(2);
    await queue().addMany(jobs('job_a', 'job_b'));
    const held = [await stopping.next(), await stopping.next()];
    let stopped = false;
    const stop = stopping.consumer.stop(60_000).then(() => {
      stopped = true;
    });
    await queue().add('job_c');
    held[0]?.done();
    await until('the end of the first', async () => (await queue().counts()).active === 1);
    expect(stopped).toBe(false);
    expect(held[1]?.signal.aborted).toBe(false);
    held[1]?.done();
    await stop;
    expect(await queue().counts()).toEqual({ waiting: 1, active: 0, delayed: 0 });
    expect(await stopping.consumer.stop(0)).toBeUndefined();
  });

  test('stopping aborts the deliveries that outlast the grace time, and they go to another', async () => {
    const stopping = await current().consume();
    await queue().add('job_a');
    const held = await stopping.next();
    expect(held.signal.aborted).toBe(false);
    const stop = stopping.consumer.stop(1);
    await aborted(held);
    held.again(0);
    await stop;
    const other = await (await current().consume()).next();
    expect(other.jobId).toBe('job_a');
    other.done();
  });

  test('a delivery whose lock is lost is aborted, and its id is delivered again', async () => {
    const { inside, queueName } = current();
    const consumer = await current().consume();
    await queue().add('job_a');
    const first = await consumer.next();
    await inside.loseLock(queueName, 'job_a');
    await aborted(first);
    // It no longer holds the id, so it must not be able to take it out of the queue.
    first.done();
    const second = await consumer.next();
    expect(second.jobId).toBe('job_a');
    expect(second.signal.aborted).toBe(false);
    second.done();
    await until('the empty queue', async () => {
      const { waiting, active } = await queue().counts();
      return waiting + active === 0;
    });
  });

  test('the ids of a process that is killed are delivered to another', async () => {
    const place = await adapter.createPlace();
    const queueName = uniqueName();
    const ids = ['job_a', 'job_b', 'job_c'];
    const holder = await startQueueHolder(place.target, queueName, ids);
    try {
      await holder.holding(ids);
    } finally {
      await holder.kill();
    }
    const opened = await openPlace(place.target);
    const backend = opened.backend(queueName);
    const survivor = await startHolding(backend, 3);
    const producer = new BullJobQueue(backend);
    try {
      const delivered = [await survivor.next(), await survivor.next(), await survivor.next()];
      expect(delivered.map((delivery) => delivery.jobId).sort()).toEqual(ids);
      for (const delivery of delivered) delivery.done();
      await until('the empty queue', async () => (await producer.counts()).active === 0);
      expect(await producer.counts()).toEqual({ waiting: 0, active: 0, delayed: 0 });
    } finally {
      await survivor.release();
      await producer.stop();
      await opened.close();
      await place.remove();
    }
  });
}
