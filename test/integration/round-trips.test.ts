import { expect, test } from 'vitest';
import { countJobs, sumOf } from '../../bench/support/count-job.ts';
import { describeWith, service } from '../support/services.ts';
import { createPostgresDatabase, openTopology, topologies } from '../support/topologies.ts';

/**
 * What a one-tool job in a session may cost, by docs/performance.md. A change that makes one of these larger makes every job
 * of every fleet dearer: raise a number only with a reason.
 */
const budget = {
  ...{ postgres: 6, postgresBytes: 3_000, mongo: 20, mongoBytes: 12_000 },
  ...{ queueEmptyBefore: 7, queueJobsWaiting: 5 },
};

const jobs = 5;

describeWith(['redis', 'postgres'], 'a job on Redis and PostgreSQL', () => {
  test('takes no more round trips, bytes and commands than its budget', async () => {
    const database = await createPostgresDatabase();
    const topology = await openTopology(database.url, service('redis'), () => database.drop());
    try {
      const { store, queue } = await countJobs(topology, jobs, 'a time');
      expect(sumOf(store.requests), JSON.stringify(store.requests)).toBeLessThanOrEqual(budget.postgres);
      expect(store.sent).toBeLessThanOrEqual(budget.postgresBytes);
      // What a worker tells of itself, now and then, is no job's.
      const { publish = 0, ...commands } = queue.requests;
      expect(publish).toBeLessThan(1);
      expect(sumOf(commands), JSON.stringify(commands)).toBeLessThanOrEqual(budget.queueEmptyBefore);
    } finally {
      await topology.stop();
    }
  }, 120_000);
});

describeWith(['redis', 'postgres'], 'jobs that wait for a worker', () => {
  test('take no more commands each than their budget', async () => {
    const database = await createPostgresDatabase();
    const topology = await openTopology(database.url, service('redis'), () => database.drop());
    try {
      const { queue } = await countJobs(topology, 20, 'once');
      const { publish: _, ...commands } = queue.requests;
      expect(sumOf(commands), JSON.stringify(commands)).toBeLessThanOrEqual(budget.queueJobsWaiting);
    } finally {
      await topology.stop();
    }
  }, 120_000);
});

describeWith(['redis', 'mongo'], 'a job on Redis and MongoDB', () => {
  test('takes no more round trips and bytes than its budget', async () => {
    const topology = await (topologies.find(({ needs }) => needs.includes('mongo')) ?? topologies[0])?.open();
    if (!topology) throw new Error('there is no topology with MongoDB');
    try {
      const { store } = await countJobs(topology, jobs, 'a time');
      // What the api reads of a tenant's limits is read once in a while.
      const { 'find tenants': limits = 0, ...requests } = store.requests;
      expect(limits).toBeLessThan(1);
      expect(sumOf(requests), JSON.stringify(requests)).toBeLessThanOrEqual(budget.mongo);
      expect(store.sent).toBeLessThanOrEqual(budget.mongoBytes);
    } finally {
      await topology.stop();
    }
  }, 120_000);
});
