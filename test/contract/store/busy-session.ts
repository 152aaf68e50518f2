import { describe, expect, test } from 'vitest';
import {
  cancellation,
  failure,
  newJob,
  newSession,
  type OpenedStore,
  steer,
  success,
  taken,
  tenant,
} from './fixtures.ts';

/** What a store does with queries to a session that is busy. */
export function busySessions(opened: () => OpenedStore): void {
  const store = () => opened().store;

  async function busySession() {
    const sessionId = await newSession(store());
    const { job } = await store().accept(newJob({ sessionId }));
    return { sessionId, running: await taken(store(), job.id) };
  }
  const steering = async (sessionId: string) =>
    (await store().accept(newJob({ sessionId, onBusy: 'steer' }))).job.id;
  const state = async (jobId: string) => (await store().job(tenant, jobId))?.state;

  describe('reject', () => {
    test('refuses the job while a turn is ahead, leaves nothing, and takes it when there is none', async () => {
      const { sessionId, running } = await busySession();
      const rejected = newJob({ sessionId, onBusy: 'reject', idempotencyKey: newJob().id, requestHash: 'h' });
      await expect(store().accept(rejected)).rejects.toMatchObject({ code: 'session_busy' });
      expect(await store().job(tenant, rejected.id)).toBeNull();
      await store().settle(running.fence, success());
      expect(await store().accept(rejected)).toMatchObject({ created: true, ready: true, ahead: null });
    });

    test('an unknown session is still an unknown session', async () => {
      const job = newJob({ sessionId: 'sess_none', onBusy: 'reject' });
      await expect(store().accept(job)).rejects.toMatchObject({ code: 'session_not_found' });
    });
  });

  test('an accept says which job is ahead', async () => {
    const { sessionId, running } = await busySession();
    const accepted = await store().accept(newJob({ sessionId }));
    expect(accepted).toMatchObject({ ready: false, ahead: running.job.id });
  });

  describe('steer', () => {
    test('joins the running turn and ends as it ends', async () => {
      const { sessionId, running } = await busySession();
      const [first, second] = [await steering(sessionId), await steering(sessionId)];
      const joined = await store().join(running.fence);
      expect(joined).toEqual([first, second].map((jobId) => ({ jobId, query: newJob().query })));
      expect(await store().join(running.fence)).toEqual(joined);
      expect(await state(first)).toBe('waiting');
      expect(await store().take(first)).toEqual({ kind: 'blocked' });
      await store().recordStep(running.fence, steer(first, second), { durable: true });
      const ending = success({ joined: [first, second] });
      expect(await store().settle(running.fence, ending)).toEqual({ kind: 'settled', next: null });
      for (const id of [first, second]) {
        expect(await store().job(tenant, id)).toMatchObject({ state: 'succeeded', answer: 'an answer' });
      }
      expect((await store().turns(tenant, sessionId)).map((turn) => turn.jobId)).toEqual([running.job.id]);
      expect(await store().session(tenant, sessionId)).toMatchObject({ activeJob: null });
    });

    test('one that did not get into the record has a turn of its own', async () => {
      const { sessionId, running } = await busySession();
      const late = await steering(sessionId);
      await store().join(running.fence);
      const ending = success({ joined: [] });
      expect(await store().settle(running.fence, ending)).toEqual({ kind: 'settled', next: late });
      expect((await taken(store(), late)).job).toMatchObject({ joined: null, state: 'running' });
    });

    test('fails when the turn fails that it joined', async () => {
      const { sessionId, running } = await busySession();
      const joined = await steering(sessionId);
      await store().join(running.fence);
      await store().recordStep(running.fence, steer(joined), { durable: true });
      await store().settle(running.fence, { ...failure(), joined: [joined] });
      expect(await store().job(tenant, joined)).toMatchObject({ state: 'failed', error: failure().error });
    });

    test('a take says that queries wait to join, before and after they were set to', async () => {
      const { sessionId, running } = await busySession();
      expect(running.steered).toBe(false);
      await steering(sessionId);
      expect((await taken(store(), running.job.id)).steered).toBe(true);
      const again = await taken(store(), running.job.id);
      await store().join(again.fence);
      expect((await taken(store(), running.job.id)).steered).toBe(true);
    });

    test('only the newest epoch can let queries join', async () => {
      const { sessionId, running } = await busySession();
      await steering(sessionId);
      await taken(store(), running.job.id);
      expect(await store().join(running.fence)).toBe('superseded');
    });

    test('queries that wait behind it keep their order', async () => {
      const { sessionId, running } = await busySession();
      const behind = (await store().accept(newJob({ sessionId }))).job.id;
      const joined = await steering(sessionId);
      await store().join(running.fence);
      await store().recordStep(running.fence, steer(joined), { durable: true });
      const settled = await store().settle(running.fence, success({ joined: [joined] }));
      expect(settled).toEqual({ kind: 'settled', next: behind });
    });

    test('one whose turn ended without knowing of it gets its own turn', async () => {
      const { sessionId, running } = await busySession();
      const left = await steering(sessionId);
      await store().join(running.fence);
      await store().settle(running.fence, success({ joined: null }));
      await store().freeJoined(1_000);
      expect((await taken(store(), left)).job).toMatchObject({ joined: null, state: 'running' });
      expect(await store().freeJoined(1_000)).toEqual([]);
    });
  });

  describe('interrupt', () => {
    test('marks the turn, and a worker hears of it', async () => {
      const { running } = await busySession();
      expect(await store().news([running.fence])).toEqual([]);
      expect(await store().interrupt(tenant, running.job.id)).toBe(true);
      expect(await store().news([running.fence])).toEqual([{ jobId: running.job.id, news: 'interrupt' }]);
      expect((await taken(store(), running.job.id)).job.interrupted).toBe(true);
    });

    test('makes a turn that waits due at once', async () => {
      const { running } = await busySession();
      await store().park(running.fence, { waitMs: 3_600_000, reason: 'x', failures: { model: 1, tools: 0 } });
      await store().interrupt(tenant, running.job.id);
      expect((await taken(store(), running.job.id)).job.interrupted).toBe(true);
    });

    test('is too late for a turn that has ended, and nothing for another tenant', async () => {
      const { running } = await busySession();
      expect(await store().interrupt('tenant_b', running.job.id)).toBe(false);
      await store().settle(running.fence, success());
      expect(await store().interrupt(tenant, running.job.id)).toBe(false);
    });
  });

  test('news tell of lost fences and of queries that wait to join', async () => {
    const { sessionId, running } = await busySession();
    await steering(sessionId);
    const alone = await taken(store(), (await store().accept(newJob())).job.id);
    const lost = await taken(store(), (await store().accept(newJob())).job.id);
    await store().end(lost.fence, cancellation());
    const absent = { jobId: 'job_none', tenant, sessionId: null, epoch: 1, owner: 'nobody' };
    const news = await store().news([running.fence, alone.fence, lost.fence, absent]);
    expect(news.sort((a, b) => (a.jobId < b.jobId ? -1 : 1))).toEqual(
      [
        { jobId: running.job.id, news: 'join' },
        { jobId: lost.job.id, news: 'lost' },
        { jobId: 'job_none', news: 'lost' },
      ].sort((a, b) => (a.jobId < b.jobId ? -1 : 1)),
    );
    expect(await store().news([])).toEqual([]);
  });
}
