import { newId } from '@mcp-fleet/runtime';
import { expect, test } from 'vitest';
import { failure, newJob, type OpenedStore, taken } from './fixtures.ts';

/** What a tenant's newest jobs came to. */
export function recentJobRules(opened: () => OpenedStore): void {
  const store = () => opened().store;
  const longAgo = new Date(0);

  test('the newest jobs of a tenant come without their contents', async () => {
    const tenant = newId('key');
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push((await store().accept(newJob({ tenant }))).job.id);
    await store().accept(newJob({ tenant: newId('key') }));
    const { fence } = await taken(store(), ids[1] as string);
    await store().settle(fence, failure());
    const recent = await store().recentJobs(tenant, { since: longAgo, limit: 2 });
    expect(recent.map((job) => job.id)).toEqual([ids[2], ids[1]]);
    const job = await store().job(tenant, ids[1] as string);
    expect(recent[1]).toEqual({
      id: ids[1],
      state: 'failed',
      errorCode: failure().error?.code,
      totals: failure().totals,
      createdAt: job?.createdAt,
      startedAt: job?.startedAt,
      endedAt: job?.endedAt,
    });
    expect(recent[0]).toMatchObject({ state: 'queued', errorCode: null, totals: null, endedAt: null });
  });

  test('a job that was neither accepted nor ended since then is left out', async () => {
    const tenant = newId('key');
    const { job } = await store().accept(newJob({ tenant }));
    const after = new Date(job.createdAt.getTime() + 1);
    expect(await store().recentJobs(tenant, { since: job.createdAt, limit: 9 })).toHaveLength(1);
    expect(await store().recentJobs(tenant, { since: after, limit: 9 })).toEqual([]);
    const { fence } = await taken(store(), job.id);
    await store().settle(fence, failure());
    const ended = await store().job(tenant, job.id);
    const since = ended?.endedAt as Date;
    expect(await store().recentJobs(tenant, { since, limit: 9 })).toHaveLength(1);
  });

  test('jobs that have not ended are counted by their state', async () => {
    const before = await store().unendedJobs(100_000);
    const added = async () => {
      const now = await store().unendedJobs(100_000);
      return [now.queued ?? 0, now.running ?? 0].map(
        (count, n) => count - ((n === 0 ? before.queued : before.running) ?? 0),
      );
    };
    const { job } = await store().accept(newJob());
    await store().accept(newJob());
    expect(await added()).toEqual([2, 0]);
    const { fence } = await taken(store(), job.id);
    expect(await added()).toEqual([1, 1]);
    await store().settle(fence, failure());
    expect(await added()).toEqual([1, 0]);
    const one = await store().unendedJobs(1);
    expect(Object.values(one)).toEqual([1]);
  });
}
