import { noLimits } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { expect, test } from 'vitest';
import { newJob, type OpenedStore, taken } from './fixtures.ts';

/** Keys and what a tenant may have. */
export function keyRules(opened: () => OpenedStore): void {
  const store = () => opened().store;
  const create = (tenant: string) =>
    store().createKey({
      id: newId('key'),
      tenant,
      name: 'of a test',
      scopes: ['jobs:read', 'admin'],
      hash: 'ab'.repeat(32),
      expiresAt: null,
    });

  test('a key is found by its id and listed for its tenant only', async () => {
    const tenant = newId('key');
    const keys = [await create(tenant), await create(tenant)];
    expect(await store().apiKey(keys[0]?.id as string)).toEqual(keys[0]);
    expect(await store().apiKey('key_none')).toBeNull();
    expect(await store().apiKeys(tenant, { limit: 10 })).toEqual(keys.toReversed());
    expect(await store().apiKeys(tenant, { limit: 10, after: keys[1]?.id })).toEqual([keys[0]]);
    expect(await store().apiKeys('another', { limit: 10 })).toEqual([]);
    const all = await store().apiKeys(null, { limit: 10 });
    expect(all.map((key) => key.id)).toEqual(expect.arrayContaining(keys.map((key) => key.id)));
  });

  test('a key that was ended stays ended, and is ended by its own tenant or by the operator', async () => {
    const tenant = newId('key');
    const { id } = await create(tenant);
    const soon = new Date(Date.now() + 1_000);
    const later = new Date(Date.now() + 60_000);
    expect(await store().endKey('another', id, soon, 'revoked')).toBeNull();
    expect(await store().endKey(tenant, id, soon, 'expires')).toMatchObject({
      expiresAt: soon,
      revokedAt: null,
    });
    expect(await store().endKey(null, id, later, 'expires')).toMatchObject({ expiresAt: soon });
    expect(await store().endKey(null, id, soon, 'revoked')).toMatchObject({ revokedAt: soon });
    expect(await store().endKey(null, id, later, 'revoked')).toMatchObject({ revokedAt: soon });
  });

  test('the use of a key is noted', async () => {
    const { id, lastUsedAt } = await create('tenant_a');
    expect(lastUsedAt).toBeNull();
    await store().keysUsed([id, 'key_none']);
    expect((await store().apiKey(id))?.lastUsedAt).toBeInstanceOf(Date);
  });

  test('limits are kept for a tenant; one without any has none', async () => {
    const tenant = newId('key');
    expect(await store().limits(tenant)).toEqual(noLimits);
    const limits = {
      ...noLimits,
      requestsPerMinute: 60,
      runningJobs: 5,
      dailyCost: 5_000_000_000,
      weight: 2.5,
    };
    await store().setLimits(tenant, limits);
    expect(await store().limits(tenant)).toEqual(limits);
    expect((await store().shares([tenant])).get(tenant)).toEqual({ used: 0, weight: 2.5 });
    await store().setLimits(tenant, noLimits);
    expect(await store().limits(tenant)).toEqual(noLimits);
  });

  test('the open jobs of a tenant are counted up to a bound', async () => {
    const tenant = newId('key');
    const ids: string[] = [];
    for (let n = 0; n < 4; n += 1) ids.push((await store().accept(newJob({ tenant }))).job.id);
    await taken(store(), ids[0] as string);
    expect(await store().openJobs(tenant, 10)).toEqual({ queued: 3, running: 1 });
    expect(await store().openJobs(tenant, 2)).toEqual({ queued: 2, running: 1 });
    expect(await store().openJobs('another', 2)).toEqual({ queued: 0, running: 0 });
  });
}
