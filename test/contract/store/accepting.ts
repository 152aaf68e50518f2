import { expect, test } from 'vitest';
import { agent, newJob, newSession, type OpenedStore, taken, tenant } from './fixtures.ts';

const anHour = 3_600_000;

/** Jobs that come at once: they may share a write, and nothing of that is to be seen. */
export function acceptingRules(opened: () => OpenedStore): void {
  const store = () => opened().store;

  test('many jobs are made in one write, whole, and are ready', async () => {
    const notBefore = new Date(Date.now() + anHour);
    const other = { ...agent, name: 'other' };
    const trace = `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01`;
    const jobs = [
      newJob({ metadata: { 'a "b"': '{\\,}' }, query: [{ type: 'text', text: 'NUL \u0000, "{NULL,\\}"' }] }),
      newJob({ tenant: 'tenant_b', agent: other, idempotencyKey: `key-${Math.random()}`, requestHash: 'h' }),
      newJob({ notBefore, expiresAt: notBefore, deadline: notBefore, trace }),
    ];
    const made = await store().acceptMany(jobs);
    expect(made.map((job) => job.id)).toEqual(jobs.map((job) => job.id));
    for (const job of made) expect(await store().job(job.tenant, job.id)).toEqual(job);
    expect(made[0]).toMatchObject({
      state: 'queued',
      query: jobs[0]?.query,
      metadata: jobs[0]?.metadata,
      agent,
    });
    expect(made[1]).toMatchObject({ tenant: 'tenant_b', agent: other });
    expect(made[2]).toMatchObject({ state: 'waiting', waitUntil: notBefore, waitReason: 'not before' });
    expect((await taken(store(), jobs[0]?.id as string)).job.epoch).toBe(1);
    expect(made[2]?.trace).toBe(trace);
    const alone = await store().accept(newJob({ trace, sessionId: await newSession(store()) }));
    expect(await store().job(tenant, alone.job.id)).toEqual({ ...alone.job, trace });
    expect(await store().acceptMany([])).toEqual([]);
  });

  test('of many jobs, those whose id or key stands already are left as they are', async () => {
    const key = { idempotencyKey: `key-${Math.random()}`, requestHash: 'h' };
    const standing = newJob({ metadata: { first: 'yes' } });
    await store().acceptMany([standing, newJob(key)]);
    const again = [{ ...standing, metadata: {} }, newJob(key), newJob()];
    expect((await store().acceptMany(again)).map((job) => job.id)).toEqual([again[2]?.id]);
    expect(await store().acceptMany(again)).toEqual([]);
    expect(await store().job(tenant, standing.id)).toMatchObject({ metadata: { first: 'yes' } });
    expect(await store().job(tenant, again[1]?.id as string)).toBeNull();
  });

  test('jobs that are accepted at once get each its own answer', async () => {
    const known = { idempotencyKey: `key-${Math.random()}`, requestHash: 'h1' };
    const fresh = { idempotencyKey: `key-${Math.random()}`, requestHash: 'h1' };
    const standing = await store().accept(newJob(known));
    const ids = Array.from({ length: 100 }, () => newJob().id);
    const conflict = store().accept(newJob({ ...known, requestHash: 'h2' }));
    const [plain, again, ...twins] = await Promise.all([
      Promise.all(ids.map((id) => store().accept(newJob({ id })))),
      store().accept(newJob(known)),
      store().accept(newJob(fresh)),
      store().accept(newJob(fresh)),
      expect(conflict).rejects.toMatchObject({ code: 'idempotency_conflict' }),
    ]);
    expect(plain.map(({ job, created, ready }) => [job.id, created, ready])).toEqual(
      ids.map((id) => [id, true, true]),
    );
    expect(again).toMatchObject({ created: false, ready: false, job: { id: standing.job.id } });
    const [one, other] = twins.flatMap((twin) => twin ?? []);
    expect([one?.created, other?.created].sort()).toEqual([false, true]);
    expect(one?.job.id).toBe(other?.job.id);
  });
}
