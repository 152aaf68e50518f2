import { expect, test } from 'vitest';
import { newJob, type OpenedStore, reply, result, steer, success, taken, tenant } from './fixtures.ts';

/** What somebody gets to see who follows jobs. */
export function progressRules(opened: () => OpenedStore): void {
  const store = () => opened().store;

  test('many jobs are read at once, each from its own round on, its end included', async () => {
    const jobs = [await store().accept(newJob()), await store().accept(newJob())];
    const [open, ended] = jobs.map(({ job }) => job.id) as [string, string];
    const asked = reply({ stopReason: 'tool_use' });
    const later = { ...steer('job_x'), round: 1 };
    const record = [asked, result({ slot: 12 }), later];
    const { fence } = await taken(store(), open);
    for (const step of record) await store().recordStep(fence, step, { durable: false });
    await store().settle((await taken(store(), ended)).fence, success());
    const from = (jobId: string, round: number) => ({ tenant, jobId, round });
    const whole = await store().progress([from(open, 0), from(ended, 0), from('job_none', 0)]);
    expect(whole).toHaveLength(2);
    const of = (id: string) => whole.find(({ jobId }) => jobId === id);
    expect(of(open)).toEqual({ jobId: open, steps: record, ended: null });
    expect(of(ended)).toEqual({
      jobId: ended,
      steps: [reply()],
      ended: await store().job(tenant, ended),
    });
    expect(await store().progress([from(open, 1)])).toEqual([{ jobId: open, steps: [later], ended: null }]);
    expect(await store().progress([from(ended, 1)])).toMatchObject([{ steps: [], ended: { id: ended } }]);
    expect(await store().progress([])).toEqual([]);
  });

  test("another tenant's jobs are as if they did not exist", async () => {
    const { job } = await store().accept(newJob());
    await store().settle((await taken(store(), job.id)).fence, success());
    expect(await store().progress([{ tenant: 'tenant_b', jobId: job.id, round: 0 }])).toEqual([]);
  });
}
