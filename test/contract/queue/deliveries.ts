import { expect, test } from 'vitest';
import { until } from '../../support/until.ts';
import { jobs } from './fixtures.ts';
import type { QueueUnderTest } from './queue-contract.ts';

/** BullMQ's `drainDelay`, which the consumer leaves as it is: how often an idle one looks by itself. */
const pollMs = 5_000;

/** Who gets which id, when, and how often. */
export function deliveryRules(current: () => QueueUnderTest): void {
  const queue = () => current().queue;
  const empty = () =>
    until('the empty queue', async () => {
      const { waiting, active, delayed } = await queue().counts();
      return waiting + active + delayed === 0;
    });

  test('an id that was added while it was queued is delivered once', async () => {
    await queue().add('job_a');
    await queue().add('job_a');
    await queue().addMany(jobs('job_a', 'job_b'));
    expect(await queue().counts()).toEqual({ waiting: 2, active: 0, delayed: 0 });
    const consumer = await current().consume();
    for (const expected of ['job_a', 'job_b']) {
      const delivery = await consumer.next();
      expect(delivery.jobId).toBe(expected);
      delivery.done();
    }
    await empty();
  });

  test('an id that is added while it is active stays single', async () => {
    const consumer = await current().consume();
    await queue().add('job_a');
    const delivery = await consumer.next();
    await queue().add('job_a');
    await queue().addMany(jobs('job_a', 'job_b'));
    expect(await queue().counts()).toEqual({ waiting: 1, active: 1, delayed: 0 });
    delivery.done();
    const other = await consumer.next();
    expect(other.jobId).toBe('job_b');
    other.done();
    await empty();
  });

  test('an id may be added again after it was done', async () => {
    const consumer = await current().consume();
    for (let time = 0; time < 3; time += 1) {
      await queue().add('job_a');
      const delivery = await consumer.next();
      expect(delivery.jobId).toBe('job_a');
      delivery.done();
      await empty();
    }
  });

  test('an id that is promoted is delivered at once, however many are delayed for longer', async () => {
    const others = Array.from({ length: 5_100 }, (_, n) => ({ jobId: `job_${n}`, delayMs: 86_400_000 }));
    await queue().addMany([{ jobId: 'job_late', delayMs: 600_000 }, ...others]);
    expect(await queue().promote(['job_late', 'job_unknown'])).toBe(1);
    expect(await queue().promote(['job_late'])).toBe(0);
    const consumer = await current().consume();
    const delivery = await consumer.next();
    expect(delivery.jobId).toBe('job_late');
    delivery.done();
  }, 60_000);

  test('many ids that are added at once are delivered once each, in order', async () => {
    const ids = Array.from({ length: 250 }, (_, n) => `job_${n}`);
    await queue().addMany(jobs(...ids, ...ids));
    await queue().addMany([]);
    const consumer = await current().consume();
    const delivered: string[] = [];
    for (const _ of ids) {
      const delivery = await consumer.next();
      delivered.push(delivery.jobId);
      delivery.done();
    }
    expect(delivered).toEqual(ids);
    await empty();
  });

  test('a delayed id is delivered when its time has come, and not before', async () => {
    const consumer = await current().consume();
    const added = Date.now();
    await queue().add('job_late', { delayMs: 400 });
    await queue().add('job_soon');
    const soon = await consumer.next();
    expect(soon.jobId).toBe('job_soon');
    soon.done();
    const late = await consumer.next();
    expect(late.jobId).toBe('job_late');
    expect(late.at).toBeGreaterThanOrEqual(added + 400);
    late.done();
    await empty();
  });

  test('an id that is wanted again is delivered again, at once', async () => {
    const consumer = await current().consume();
    await queue().add('job_a');
    for (let time = 0; time < 3; time += 1) (await consumer.next()).again(0);
    const last = await consumer.next();
    expect(last.jobId).toBe('job_a');
    last.done();
    await empty();
  });

  test('an id that is wanted again later is delivered again when its time has come', async () => {
    const consumer = await current().consume();
    await queue().add('job_a');
    const first = await consumer.next();
    const asked = Date.now();
    first.again(300);
    await until('the delay', async () => (await queue().counts()).delayed === 1);
    const second = await consumer.next();
    expect(second.at).toBeGreaterThanOrEqual(asked + 300);
    second.done();
    await empty();
  });

  test('an idle consumer is woken by an add, not by its poll', async () => {
    const consumer = await current().consume();
    const started = performance.now();
    for (let n = 0; n < 20; n += 1) {
      await queue().add(`job_${n}`);
      (await consumer.next()).done();
      await empty();
    }
    // Were it the poll, one alone of the twenty could take as long as all of them may.
    expect(performance.now() - started).toBeLessThan(pollMs);
  });

  test('no more deliveries are in flight than the concurrency allows', async () => {
    const consumer = await current().consume(3);
    await queue().addMany(jobs(...Array.from({ length: 7 }, (_, n) => `job_${n}`)));
    let held = [await consumer.next(), await consumer.next(), await consumer.next()];
    expect(await queue().counts()).toEqual({ waiting: 4, active: 3, delayed: 0 });
    for (let n = 3; n < 7; n += 1) {
      held.shift()?.done();
      held = [...held, await consumer.next()];
      expect(consumer.consumer.inFlight).toBe(3);
      expect((await queue().counts()).active).toBe(3);
    }
    for (const delivery of held) delivery.done();
    await empty();
    expect(consumer.consumer.inFlight).toBe(0);
  });

  test('counts tell waiting, active and delayed apart', async () => {
    await queue().addMany(jobs('job_a', 'job_b', 'job_c'));
    await queue().add('job_d', { delayMs: 60_000 });
    expect(await queue().counts()).toEqual({ waiting: 3, active: 0, delayed: 1 });
    const consumer = await current().consume();
    await consumer.next();
    expect(await queue().counts()).toEqual({ waiting: 2, active: 1, delayed: 1 });
  });

  test('the queue keeps the id and nothing of the job', async () => {
    const { inside, queueName } = current();
    await queue().add('job_a');
    await queue().addMany(jobs('job_b'));
    expect(await inside.dataOf(queueName, 'job_a')).toEqual({});
    expect(await inside.dataOf(queueName, 'job_b')).toEqual({});
  });
}
