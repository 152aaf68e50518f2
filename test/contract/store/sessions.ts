import { expect, test } from 'vitest';
import { newJob, newSession, type OpenedStore, playTurn, success, taken, tenant } from './fixtures.ts';

/** Changing and erasing a session. */
export function sessionRules(opened: () => OpenedStore): void {
  const store = () => opened().store;

  test('a change of a session leaves out what it does not name, and needs its tenant', async () => {
    const id = await newSession(store());
    expect(await store().updateSession(tenant, id, { onBusy: 'steer' })).toMatchObject({
      onBusy: 'steer',
      metadata: { made: 'for a test' },
    });
    expect(await store().updateSession(tenant, id, { metadata: { b: '2' } })).toMatchObject({
      onBusy: 'steer',
      metadata: { b: '2' },
    });
    expect(await store().updateSession('tenant_b', id, { onBusy: 'reject' })).toBeNull();
    expect(await store().session(tenant, id)).toMatchObject({ onBusy: 'steer', metadata: { b: '2' } });
  });

  test('a deleted session leaves nothing behind, and others as they were', async () => {
    const [gone, other] = [await newSession(store()), await newSession(store())];
    const jobs = [await playTurn(store(), gone), await playTurn(store(), gone)];
    const kept = await playTurn(store(), other);
    const blob = { id: `${jobs[0]}.0.1.1`, tenant, jobId: jobs[0] as string, mediaType: 'text/plain' };
    await store().saveBlob({ ...blob, bytes: new Uint8Array([1]) });
    expect(await store().deleteSession('tenant_b', gone)).toBe('absent');
    expect(await store().deleteSession(tenant, gone)).toBe('deleted');
    expect(await store().deleteSession(tenant, gone)).toBe('absent');
    expect(await store().session(tenant, gone)).toBeNull();
    expect(await store().blob(tenant, blob.id)).toBeNull();
    for (const id of jobs) {
      expect(await store().job(tenant, id)).toBeNull();
      expect(await store().steps(id)).toEqual([]);
    }
    expect(await store().steps(kept)).toHaveLength(1);
    await expect(store().accept(newJob({ sessionId: gone }))).rejects.toMatchObject({
      code: 'session_not_found',
    });
  });

  test('a session with a job that has not ended is not deleted, and goes on', async () => {
    const id = await newSession(store());
    const { job } = await store().accept(newJob({ sessionId: id }));
    expect(await store().deleteSession(tenant, id)).toBe('busy');
    const { fence } = await taken(store(), job.id);
    expect(await store().deleteSession(tenant, id)).toBe('busy');
    expect(await store().settle(fence, success())).toMatchObject({ kind: 'settled' });
    expect(await store().turns(tenant, id)).toHaveLength(1);
    expect(await store().deleteSession(tenant, id)).toBe('deleted');
  });
}
