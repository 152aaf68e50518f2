import { expect, test } from 'vitest';
import { openRedisAndMongo, openRedisAndPostgres } from '../../bench/support/bench-fleet.ts';
import { countOn, sumOf } from '../../bench/support/count-job.ts';
import { describeWith } from '../support/services.ts';

/**
 * What a one-tool job in a session may cost, by docs/performance.md. A change that makes one of these larger makes every job
 * of every fleet dearer: raise a number only with a reason.
 */
const budget = {
  ...{ postgres: 6, postgresBytes: 3_000, mongo: 20, mongoBytes: 12_000 },
  ...{ queueEmptyBefore: 7, queueJobsWaiting: 5 },
};

const jobs = 5;

describeWith(['redis', 'postgres'], 'jobs on Redis and PostgreSQL', () => {
  test('take no more round trips, bytes and commands than their budget, one at a time', async () => {
    const { store, queue } = await countOn(openRedisAndPostgres, jobs, 'a time');
    expect(sumOf(store.requests), JSON.stringify(store.requests)).toBeLessThanOrEqual(budget.postgres);
    expect(store.sent).toBeLessThanOrEqual(budget.postgresBytes);
    // What a worker tells of itself, now and then, is no job's.
    const { publish = 0, ...commands } = queue.requests;
    expect(publish).toBeLessThan(1);
    expect(sumOf(commands), JSON.stringify(commands)).toBeLessThanOrEqual(budget.queueEmptyBefore);
  }, 120_000);

  test('take no more commands than their budget, many at once', async () => {
    const { queue } = await countOn(openRedisAndPostgres, 20, 'once');
    const { publish: _, ...commands } = queue.requests;
    expect(sumOf(commands), JSON.stringify(commands)).toBeLessThanOrEqual(budget.queueJobsWaiting);
  }, 120_000);
});

describeWith(['redis', 'mongo'], 'jobs on Redis and MongoDB', () => {
  test('take no more round trips and bytes than their budget', async () => {
    const counted = await countOn(openRedisAndMongo, jobs, 'a time');
    if (!counted) throw new Error('there is no topology with MongoDB');
    const { store } = counted;
    // What the api reads of a tenant's limits is read once in a while.
    const { 'find tenants': limits = 0, ...requests } = store.requests;
    expect(limits).toBeLessThan(1);
    expect(sumOf(requests), JSON.stringify(requests)).toBeLessThanOrEqual(budget.mongo);
    expect(store.sent).toBeLessThanOrEqual(budget.mongoBytes);
  }, 120_000);
});
