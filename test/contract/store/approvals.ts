import { type Approval, approvalId, approvalWait, type NewApproval, type Verdict } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import {
  cancellation,
  contend,
  newJob,
  type OpenedStore,
  reply,
  success,
  taken,
  tenant,
} from './fixtures.ts';

const anHour = 3_600_000;
const request = (over: Partial<NewApproval> = {}): NewApproval => ({
  round: 0,
  slot: 1,
  toolUseId: 'toolu_1',
  tool: 'bank__pay',
  input: { euros: 5, b: [1, { a: null }], '2': 'x', '1': '\u0000\ud800' },
  expiresMs: anHour,
  ...over,
});
const approved = (by: string, input: Record<string, unknown> = { euros: 3 }): Verdict => ({
  kind: 'approved',
  input,
  by,
});
const denied = (by: string): Verdict => ({ kind: 'denied', reason: 'too much', by });
const wait = { waitMs: anHour, reason: approvalWait, failures: { model: 2, tools: 1 } };

/** Calls that somebody has to approve before they are sent. */
export function approvalRules(opened: () => OpenedStore, rounds: number): void {
  const store = () => opened().store;
  const running = async (over: Parameters<typeof newJob>[0] = {}) =>
    taken(store(), (await store().accept(newJob(over))).job.id);

  /** A job that waits for these approvals. */
  async function waiting(...requests: NewApproval[]) {
    const { job, fence } = await running();
    const standing = await store().requestApprovals(fence, requests);
    if (standing === 'superseded') throw new Error('superseded');
    expect(await store().park(fence, wait)).toBe('parked');
    return { job, fence, standing };
  }
  const decide = (jobId: string, verdict: Verdict, toolUseId = 'toolu_1') =>
    store().decide(tenant, jobId, toolUseId, verdict);

  test('an approval is asked for once, exactly, with a time of the store', async () => {
    const { job, fence } = await running();
    const second = request({ slot: 2, toolUseId: 'toolu_2' });
    const before = await store().requestApprovals(fence, [request()]);
    const both = await store().requestApprovals(fence, [
      second,
      request({ input: { euros: 9 }, expiresMs: 1 }),
    ]);
    if (before === 'superseded' || both === 'superseded') throw new Error('superseded');
    expect(both.map(({ slot, created }) => [slot, created])).toEqual([
      [2, true],
      [1, false],
    ]);
    const [first] = before;
    const { expiresMs, ...asked } = request();
    expect(first).toMatchObject({ ...asked, jobId: job.id, tenant, decision: null });
    expect(JSON.stringify(first?.input)).toBe(JSON.stringify(request().input));
    expect(first?.leftMs).toBeGreaterThan(anHour - 60_000);
    expect(first?.leftMs).toBeLessThanOrEqual(anHour);
    expect(Number(first?.expiresAt) - Number(first?.requestedAt)).toBe(expiresMs);
    expect(JSON.stringify(both[1]?.input)).toBe(JSON.stringify(first?.input));
    expect(both[1]?.expiresAt).toEqual(first?.expiresAt);
  });

  test('only the newest epoch of a running job asks', async () => {
    const old = await running();
    await taken(store(), old.job.id);
    expect(await store().requestApprovals(old.fence, [request()])).toBe('superseded');
    expect(await store().approvals(tenant, { jobId: old.job.id }, { limit: 10 })).toEqual([]);
    const parked = await waiting(request());
    expect(await store().requestApprovals(parked.fence, [request({ slot: 2 })])).toBe('superseded');
  });

  test('a verdict makes the job due, and is what the job finds', async () => {
    const { job } = await waiting(request());
    expect(await store().take(job.id)).toMatchObject({ kind: 'waiting' });
    const decided = await decide(job.id, approved('ann'));
    expect(decided).toMatchObject({
      kind: 'decided',
      approval: { ...approvalKey(job.id), decision: { kind: 'approved', input: { euros: 3 }, by: 'ann' } },
    });
    expect(await store().job(tenant, job.id)).toMatchObject({ failures: { model: 2, tools: 1 } });
    const due = await store().unmovedJobs(
      { idleMs: -1_000, runningIdleMs: anHour },
      { after: null, limit: 10_000 },
    );
    expect(due.find((other) => other.jobId === job.id)?.delayMs).toBe(0);
    const { fence } = await taken(store(), job.id);
    const [found] = (await store().requestApprovals(fence, [request()])) as Approval[];
    expect(found?.decision).toEqual(decided?.approval.decision);
    expect(found?.decision?.at).toBeInstanceOf(Date);
    expect(JSON.stringify(found?.input)).toBe(JSON.stringify(request().input));
    expect(await store().approval(tenant, job.id, 'toolu_1')).toEqual(decided?.approval);
  });

  test('the first verdict counts; a later one learns what it was', async () => {
    const { job } = await waiting(request());
    const first = await decide(job.id, denied('ann'));
    expect(await decide(job.id, approved('bob'))).toEqual({ kind: 'already', approval: first?.approval });
    expect(first?.approval.decision).toMatchObject({ kind: 'denied', reason: 'too much', by: 'ann' });
  });

  test('a verdict about an unknown call, or by another tenant, is none', async () => {
    const { job } = await waiting(request());
    expect(await decide(job.id, denied('ann'), 'toolu_9')).toBeNull();
    expect(await decide('job_none', denied('ann'))).toBeNull();
    expect(await store().decide('tenant_b', job.id, 'toolu_1', denied('eve'))).toBeNull();
    expect(await store().approval('tenant_b', job.id, 'toolu_1')).toBeNull();
    expect(await store().approvals('tenant_b', { jobId: job.id }, { limit: 10 })).toEqual([]);
    expect(await store().take(job.id)).toMatchObject({ kind: 'waiting' });
  });

  test('an approval whose time is over is expired, and is not decided any more', async () => {
    const late = await waiting(request({ expiresMs: -1 }));
    expect(late.standing[0]?.decision).toBeNull();
    expect(await store().approvals(tenant, { jobId: late.job.id, pending: true }, { limit: 10 })).toEqual([]);
    expect(await decide(late.job.id, approved('ann'))).toMatchObject({
      kind: 'already',
      approval: { decision: { kind: 'expired', at: late.standing[0]?.expiresAt } },
    });
    const { fence } = await running();
    const [asked] = (await store().requestApprovals(fence, [request({ expiresMs: -1 })])) as Approval[];
    const [found] = (await store().requestApprovals(fence, [request()])) as Approval[];
    expect(found?.decision).toEqual({ kind: 'expired', at: asked?.expiresAt });
  });

  test('a verdict between the last look and the parking does not let the job sleep', async () => {
    const { job, fence } = await running();
    await store().requestApprovals(fence, [request()]);
    await decide(job.id, denied('ann'));
    expect(await store().park(fence, wait)).toBe('due');
    const again = await taken(store(), job.id);
    await store().requestApprovals(again.fence, [request()]);
    expect(await store().park(again.fence, wait)).toBe('parked');
  });

  test('a verdict does not cut short another wait', async () => {
    const { job, fence } = await running();
    await store().requestApprovals(fence, [request()]);
    await store().park(fence, { ...wait, reason: 'tool_server_unavailable: away' });
    expect(await decide(job.id, denied('ann'))).toMatchObject({ kind: 'decided' });
    expect(await store().take(job.id)).toMatchObject({ kind: 'waiting' });
  });

  test('a job that has ended is not decided about, nor listed as pending', async () => {
    const { job } = await waiting(request());
    const held = (await store().job(tenant, job.id)) ?? job;
    await store().end({ jobId: job.id, tenant, sessionId: null, epoch: held.epoch }, cancellation());
    expect(await decide(job.id, approved('ann'))).toMatchObject({
      kind: 'ended',
      approval: { decision: null },
    });
    expect(await store().approvals(tenant, { jobId: job.id, pending: true }, { limit: 10 })).toEqual([]);
    expect(await store().approvals(tenant, { jobId: job.id }, { limit: 10 })).toHaveLength(1);
    const done = await running();
    await store().requestApprovals(done.fence, [request()]);
    await decide(done.job.id, denied('ann'));
    await store().settle(done.fence, success());
    expect(await decide(done.job.id, approved('bob'))).toMatchObject({ kind: 'already' });
  });

  test('of calls that share an id the newest is meant', async () => {
    const { job, fence } = await running();
    await store().recordStep(fence, reply(), { durable: true });
    await store().requestApprovals(fence, [request()]);
    await decide(job.id, denied('ann'));
    await store().requestApprovals(fence, [request({ round: 1 })]);
    expect(await decide(job.id, approved('bob'))).toMatchObject({ kind: 'decided', approval: { round: 1 } });
    expect(
      (await store().approvals(tenant, { jobId: job.id }, { limit: 10 })).map(
        ({ decision }) => decision?.kind,
      ),
    ).toEqual(['approved', 'denied']);
  });

  test('are listed page by page, newest first, all or those that are pending', async () => {
    const other = 'tenant_of_pages';
    const jobs = [];
    for (let n = 0; n < 3; n += 1) {
      const { job, fence } = await running({ tenant: other });
      const requests = [1, 2, 10].map((slot) => request({ slot, toolUseId: `toolu_${slot}` }));
      await store().requestApprovals(fence, requests);
      await store().decide(other, job.id, 'toolu_2', denied('ann'));
      jobs.push({ job, fence });
    }
    await store().end(jobs[1]?.fence as never, cancellation());
    const walk = async (filter: { jobId?: string; pending?: boolean }) => {
      const ids = [];
      for (let after: string | undefined; ; ) {
        const page = await store().approvals(other, filter, { limit: 2, after });
        ids.push(...page.map(approvalId));
        const last = page.at(-1);
        if (last === undefined) return ids;
        after = approvalId(last);
      }
    };
    const [a, b, c] = jobs.map(({ job }) => job.id);
    const all = [c, b, a].flatMap((id) => [`${id}.0.10`, `${id}.0.2`, `${id}.0.1`]);
    expect(await walk({})).toEqual(all);
    expect(await walk({ jobId: b as string })).toEqual(all.slice(3, 6));
    expect(await walk({ pending: true })).toEqual([c, a].flatMap((id) => [`${id}.0.10`, `${id}.0.1`]));
  });

  test(`of two deciders one wins, whatever the job does meanwhile (${rounds} times)`, async () => {
    for (let n = 0; n < rounds; n += 1) {
      const { job, fence } = await running();
      await store().requestApprovals(fence, [request()]);
      const [ann, bob, parked] = await contend<unknown>(
        () => decide(job.id, approved('ann')),
        () => decide(job.id, denied('bob')),
        () => store().park(fence, wait),
      );
      const verdicts = [ann, bob] as Awaited<ReturnType<typeof decide>>[];
      expect(verdicts.map((verdict) => verdict?.kind).sort()).toEqual(['already', 'decided']);
      expect(verdicts[0]?.approval).toEqual(verdicts[1]?.approval);
      const winner = verdicts[0]?.kind === 'decided' ? 'ann' : 'bob';
      expect(verdicts[0]?.approval.decision).toMatchObject({ by: winner });
      expect(['parked', 'due']).toContain(parked);
      expect((await taken(store(), job.id)).job.epoch).toBe(2);
    }
  }, 120_000);
}

const approvalKey = (jobId: string) => ({ jobId, tenant, round: 0, slot: 1, toolUseId: 'toolu_1' });
