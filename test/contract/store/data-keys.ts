import { randomUUID } from 'node:crypto';
import type { NewDataKey } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import type { OpenedStore } from './fixtures.ts';

/** Wrapped data keys, of which the store never sees what is in them. */
export function dataKeyRules(opened: () => OpenedStore): void {
  const store = () => opened().store;
  const newKey = (tenant: string, wrappedBy: string) => ({
    id: `dk_${randomUUID().replaceAll('-', '')}`,
    tenant,
    wrappedBy,
    wrapped: 'AAAA',
  });
  const names = () => [randomUUID(), randomUUID()] as const;

  test('the newest of a tenant is found, and each by its id', async () => {
    const [tenant, name] = names();
    expect(await store().newestDataKey(tenant)).toBeNull();
    // Of two that came within one tick of the store's clock, the one whose id is greater.
    const [first, second] = [newKey(tenant, name), newKey(tenant, name)].sort((a, b) =>
      a.id < b.id ? -1 : 1,
    ) as [NewDataKey, NewDataKey];
    await store().addDataKey(first);
    await store().addDataKey(second);
    await store().addDataKey({ ...first, wrapped: 'other' });
    expect(await store().newestDataKey(tenant)).toMatchObject(second);
    expect(await store().dataKey(first.id)).toEqual({ ...first, createdAt: expect.any(Date) });
    expect(await store().dataKey('dk_none')).toBeNull();
  });

  test('all are read page by page, and one for each key that wraps any', async () => {
    const [tenant, name] = names();
    const keys = [newKey(tenant, name), newKey(tenant, name), newKey(tenant, `${name}-2`)];
    for (const key of keys) await store().addDataKey(key);
    const read = [];
    for (let after: string | null = null; ; ) {
      const page = await store().dataKeys({ after, limit: 2 });
      read.push(...page.map(({ id }) => id));
      if (page.length < 2) break;
      after = page.at(-1)?.id ?? null;
    }
    expect(read).toEqual(expect.arrayContaining(keys.map(({ id }) => id)));
    expect(read).toEqual(read.toSorted());
    const wrapping = (await store().wrappingKeys()).map(({ wrappedBy }) => wrappedBy);
    expect(wrapping.filter((wrappedBy) => wrappedBy.startsWith(name)).sort()).toEqual([name, `${name}-2`]);
  });

  test('one is wrapped anew only while it is wrapped as it was read', async () => {
    const [tenant, name] = names();
    const key = newKey(tenant, name);
    await store().addDataKey(key);
    const to = { wrappedBy: `${name}-new`, wrapped: 'BBBB' };
    expect(await store().rewrapDataKey(key.id, name, to)).toBe(true);
    expect(await store().rewrapDataKey(key.id, name, { ...to, wrapped: 'CCCC' })).toBe(false);
    expect(await store().dataKey(key.id)).toMatchObject(to);
  });

  test('what is erased of a tenant stays erased, and others keep theirs', async () => {
    const [tenant, name] = names();
    const [mine, other] = [newKey(tenant, name), newKey(`${tenant}-2`, `${name}-2`)];
    await store().addDataKey(mine);
    await store().addDataKey(other);
    expect(await store().eraseDataKeys(tenant)).toBe(1);
    expect(await store().eraseDataKeys(tenant)).toBe(0);
    await store().addDataKey(mine);
    expect(await store().dataKey(mine.id)).toMatchObject({ wrapped: null });
    expect(await store().newestDataKey(tenant)).toBeNull();
    expect(await store().rewrapDataKey(mine.id, name, { wrappedBy: name, wrapped: 'BBBB' })).toBe(false);
    expect((await store().wrappingKeys()).map(({ wrappedBy }) => wrappedBy)).not.toContain(name);
    expect(await store().newestDataKey(other.tenant)).toMatchObject(other);
  });
}
