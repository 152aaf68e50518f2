import { newId } from '@mcp-fleet/runtime';
import { expect, test } from 'vitest';
import type { OpenedStore } from './fixtures.ts';

/** The audit log, which only grows. */
export function auditRules(opened: () => OpenedStore): void {
  const store = () => opened().store;
  const entry = (tenant: string, n: number) => ({
    tenant,
    n,
    at: new Date(1_700_000_000_000 + n),
    actor: 'key_1',
    action: 'key.create',
    target: 'key_2',
    details: { 'a.b': '$c' },
    previous: n === 1 ? '' : 'ab'.repeat(32),
    hash: 'cd'.repeat(32),
  });

  test('entries are read as they were added, newest first, a page at a time, for their tenant', async () => {
    const tenant = newId('key');
    for (const n of [1, 2, 3]) expect(await store().appendAudit(entry(tenant, n))).toBe(true);
    expect(await store().auditLog(tenant, { limit: 2 })).toEqual([entry(tenant, 3), entry(tenant, 2)]);
    expect(await store().auditLog(tenant, { limit: 2, before: 2 })).toEqual([entry(tenant, 1)]);
    expect(await store().auditLog('another', { limit: 2 })).toEqual([]);
  });

  test('a number is given once, and what stands there stays', async () => {
    const tenant = newId('key');
    const rivals = ['a', 'b', 'c', 'd'].map((actor) => ({ ...entry(tenant, 1), actor }));
    const added = await Promise.all(rivals.map((rival) => store().appendAudit(rival)));
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await store().auditLog(tenant, { limit: 9 })).toEqual([rivals[added.indexOf(true)]]);
  });
}
