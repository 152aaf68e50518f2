import type { Job } from '@mcp-fleet/core';
import { describe, expect, test } from 'vitest';
import {
  cancellation,
  contend,
  failure,
  newJob,
  newSession,
  type OpenedStore,
  reply,
  result,
  success,
  taken,
  tenant,
} from './fixtures.ts';

const inAnHour = () => new Date(Date.now() + 3_600_000);
const aMinuteAgo = () => new Date(Date.now() - 60_000);

/** Ends that come from outside, times, and replays. */
export function endings(opened: () => OpenedStore, rounds: number): void {
  const store = () => opened().store;
  const accepted = async (over: Parameters<typeof newJob>[0] = {}) =>
    (await store().accept(newJob(over))).job;
  const fenceOf = (job: Job) => ({
    jobId: job.id,
    tenant: job.tenant,
    sessionId: job.sessionId,
    epoch: job.epoch,
  });

  describe('end', () => {
    test('ends a job that is queued, waiting or running, and supersedes its worker', async () => {
      const queued = await accepted();
      expect(await store().end(fenceOf(queued), cancellation())).toEqual({ kind: 'settled', next: null });
      const waiting = await taken(store(), (await accepted()).id);
      const wait = { waitMs: 3_600_000, reason: 'x', failures: { model: 1, tools: 0 } };
      await store().park(waiting.fence, wait);
      expect(await store().end(waiting.fence, cancellation())).toMatchObject({ kind: 'settled' });
      const running = await taken(store(), (await accepted()).id);
      expect(await store().end(running.fence, cancellation())).toMatchObject({ kind: 'settled' });
      expect(await store().recordStep(running.fence, reply(), { durable: true })).toEqual({
        kind: 'superseded',
      });
      expect(await store().settle(running.fence, success())).toEqual({ kind: 'superseded' });
      for (const { id } of [queued, waiting.job, running.job]) {
        expect(await store().job(tenant, id)).toMatchObject({ state: 'canceled', answer: null, error: null });
      }
    });

    test('refuses another epoch, and a job that has ended', async () => {
      const { job, fence } = await taken(store(), (await accepted()).id);
      const old = { ...fence, epoch: job.epoch - 1 };
      expect(await store().end(old, cancellation())).toEqual({ kind: 'superseded' });
      await store().settle(fence, success());
      expect(await store().end(fence, cancellation())).toEqual({ kind: 'superseded' });
      expect(await store().job(tenant, job.id)).toMatchObject({ state: 'succeeded' });
    });

    test('passes the session on from its active job, and leaves it alone for one that waited', async () => {
      const sessionId = await newSession(store());
      const [a, b, c] = [
        await accepted({ sessionId }),
        await accepted({ sessionId }),
        await accepted({ sessionId }),
      ];
      expect(await store().end(fenceOf(b), cancellation())).toEqual({ kind: 'settled', next: null });
      expect(await store().session(tenant, sessionId)).toMatchObject({ activeJob: a.id });
      expect(await store().end(fenceOf(a), cancellation())).toEqual({ kind: 'settled', next: c.id });
    });

    test(`of an end and a settle one wins (${rounds} times)`, async () => {
      for (let n = 0; n < rounds; n += 1) {
        const { job, fence } = await taken(store(), (await accepted()).id);
        const ends = await contend(
          () => store().settle(fence, success()),
          () => store().end(fence, cancellation()),
        );
        expect(ends.filter((end) => end.kind === 'settled')).toHaveLength(1);
        const state = ends[0]?.kind === 'settled' ? 'succeeded' : 'canceled';
        expect(await store().job(tenant, job.id)).toMatchObject({ state });
      }
    }, 120_000);
  });

  describe('times', () => {
    test('a job is not taken before its time', async () => {
      const notBefore = inAnHour();
      const job = await accepted({ notBefore });
      expect(job).toMatchObject({ state: 'waiting', notBefore });
      expect(await store().take(job.id)).toEqual({ kind: 'waiting', waitMs: expect.any(Number) });
      expect((await accepted({ notBefore: aMinuteAgo() })).state).toBe('queued');
    });

    test('finds jobs whose deadline or expiry has come', async () => {
      const [late, expired] = [
        await accepted({ deadline: aMinuteAgo() }),
        await accepted({ expiresAt: aMinuteAgo() }),
      ];
      const begun = await taken(store(), (await accepted({ expiresAt: aMinuteAgo() })).id);
      await store().recordStep(begun.fence, reply(), { durable: true });
      const early = await accepted({ deadline: inAnHour(), expiresAt: inAnHour() });
      const found = (await store().overdueJobs(1_000)).map((job) => job.id);
      expect(found).toEqual(expect.arrayContaining([late.id, expired.id]));
      expect(found).not.toContain(begun.job.id);
      expect(found).not.toContain(early.id);
      await store().end(fenceOf(late), failure());
      expect((await store().overdueJobs(1_000)).map((job) => job.id)).not.toContain(late.id);
    });
  });

  describe('unmoved jobs', () => {
    test('are walked page by page, each once, with the time at which those that wait are due', async () => {
      const sessionId = await newSession(store());
      const ready = [await accepted(), await accepted({ sessionId }), await accepted()].map((job) => job.id);
      const blocked = await accepted({ sessionId });
      const parked = await taken(store(), (await accepted()).id);
      await store().park(parked.fence, { waitMs: 3_600_000, reason: 'x', failures: { model: 0, tools: 1 } });
      const running = await taken(store(), (await accepted()).id);
      const idle = { idleMs: -1_000, runningIdleMs: 3_600_000 };
      const walked = [];
      for (let after: string | null = null; ; ) {
        const page = await store().unmovedJobs(idle, { after, limit: 2 });
        if (page.length === 0) break;
        walked.push(...page);
        after = page.at(-1)?.jobId ?? null;
      }
      const ids = walked.map((found) => found.jobId);
      expect(ids).toEqual([...new Set(ids)].sort());
      expect(ids).toEqual(expect.arrayContaining([...ready, parked.job.id]));
      expect(ids).not.toContain(blocked.id);
      expect(ids).not.toContain(running.job.id);
      expect(walked.find((found) => found.jobId === parked.job.id)?.delayMs).toBeGreaterThan(3_000_000);
      expect(walked.find((found) => found.jobId === ready[0])?.delayMs).toBe(0);
      const all = await store().unmovedJobs(
        { idleMs: -1_000, runningIdleMs: -1_000 },
        { after: null, limit: 10_000 },
      );
      expect(all.map((found) => found.jobId)).toContain(running.job.id);
      expect(
        await store().unmovedJobs(
          { idleMs: 3_600_000, runningIdleMs: 3_600_000 },
          { after: null, limit: 10 },
        ),
      ).toEqual([]);
    });
  });

  test('failures are counted by kind', async () => {
    const { job, fence } = await taken(store(), (await accepted()).id);
    await store().park(fence, { waitMs: -60_000, reason: 'x', failures: { model: 3, tools: 2 } });
    expect(await store().job(tenant, job.id)).toMatchObject({ failures: { model: 3, tools: 2 } });
  });

  test('failed jobs are found by the code of their error', async () => {
    const { job, fence } = await taken(store(), (await accepted()).id);
    await store().settle(fence, { ...failure(), error: { code: 'poisoned', message: 'x' } });
    const page = { limit: 10_000 };
    const found = await store().jobs(tenant, { state: 'failed', errorCode: 'poisoned' }, page);
    expect(found.map((other) => other.id)).toEqual([job.id]);
    const others = await store().jobs(tenant, { errorCode: 'retries_exhausted' }, page);
    expect(others.map((other) => other.id)).not.toContain(job.id);
  });

  test('a replay begins with the record and the open claims that it is given', async () => {
    const steps = [reply({ content: [], recordedBy: 'job_old' }), result()];
    const claims = [{ round: 0, slot: 2 }];
    const job = await accepted({ replay: { of: 'job_old', steps, claims } });
    expect(job.replayOf).toBe('job_old');
    const take = await taken(store(), job.id);
    expect(take.steps).toEqual(steps);
    expect(take.claims).toMatchObject([{ round: 0, slot: 2, epoch: 0 }]);
    expect(await store().claim(take.fence, claims)).toEqual([]);
    expect(await store().claims(job.id)).toEqual(take.claims);
  });
}
