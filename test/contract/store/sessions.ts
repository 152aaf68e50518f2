import { newId } from '@mcp-fleet/runtime';
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

  const newSessionOf = (ttlSeconds: number | null) => {
    const id = newId('sess');
    return store().createSession({
      id,
      tenant,
      agent: 'default',
      onBusy: 'enqueue',
      metadata: {},
      ttlSeconds,
    });
  };
  const expired = async (...ids: string[]) =>
    (await store().expiredSessions(1_000)).filter(({ id }) => ids.includes(id));

  test('a session expires when it was left alone for as long as it is kept, and one without a time does not', async () => {
    const [over, early, kept] = [await newSessionOf(0), await newSessionOf(3_600), await newSessionOf(null)];
    expect(early).toMatchObject({ ttlSeconds: 3_600 });
    expect(await store().session(tenant, early.id)).toEqual(early);
    expect(await expired(over.id, early.id, kept.id)).toEqual([{ tenant, id: over.id }]);
    await store().updateSession(tenant, early.id, { ttlSeconds: 0 });
    await store().updateSession(tenant, over.id, { ttlSeconds: null });
    await store().updateSession(tenant, kept.id, { metadata: { a: '1' } });
    expect(await store().session(tenant, over.id)).toMatchObject({ ttlSeconds: null });
    expect(await expired(over.id, early.id, kept.id)).toEqual([{ tenant, id: early.id }]);
    expect(await store().deleteSession(tenant, early.id, { onlyExpired: true })).toBe('deleted');
    expect(await expired(early.id)).toEqual([]);
  });

  test('a busy session does not expire, and can once its last job has ended', async () => {
    const { id } = await newSessionOf(0);
    const { job } = await store().accept(newJob({ sessionId: id }));
    expect(await expired(id)).toEqual([]);
    expect(await store().deleteSession(tenant, id, { onlyExpired: true })).toBe('busy');
    const { fence } = await taken(store(), job.id);
    expect(await expired(id)).toEqual([]);
    await store().settle(fence, success());
    expect(await expired(id)).toEqual([{ tenant, id }]);
    expect(await store().deleteSession(tenant, id, { onlyExpired: true })).toBe('deleted');
    expect(await store().job(tenant, job.id)).toBeNull();
  });

  test('a session that was found expired and in which something happened since is not deleted', async () => {
    const { id } = await newSessionOf(0);
    expect(await expired(id)).toHaveLength(1);
    await store().updateSession(tenant, id, { ttlSeconds: 3_600 });
    await playTurn(store(), id);
    expect(await store().deleteSession(tenant, id, { onlyExpired: true })).toBe('busy');
    expect(await store().turns(tenant, id)).toHaveLength(1);
    await store().updateSession(tenant, id, { ttlSeconds: null });
    expect(await store().deleteSession(tenant, id, { onlyExpired: true })).toBe('busy');
  });

  test('expired sessions come up to a limit, the first that expired first', async () => {
    const ids = [];
    for (let n = 0; n < 3; n += 1) ids.push((await newSessionOf(0)).id);
    expect((await store().expiredSessions(2)).map(({ id }) => id)).toEqual(ids.slice(0, 2));
    for (const id of ids) await store().deleteSession(tenant, id);
  });
}
