import { agentSpec } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { expect, test } from 'vitest';
import { contend, type OpenedStore } from './fixtures.ts';

/** Agents that a tenant keeps. */
export function agentRules(opened: () => OpenedStore): void {
  const store = () => opened().store;
  const newTenant = () => newId('key');
  const named = (name: string, maxTokens = 1) =>
    agentSpec.parse({ name, model: 'simulated', maxTokens, thinking: { z: 1, a: [null, 'é\u0000'] } });

  test('a saved agent comes back as it was, as its next version, and earlier ones stay', async () => {
    const tenant = newTenant();
    const first = await store().saveAgent(tenant, named('writer', 1));
    const second = await store().saveAgent(tenant, named('writer', 2));
    expect(first.spec).toEqual({ ...named('writer', 1), version: 1 });
    expect(second.spec).toEqual({ ...named('writer', 2), version: 2 });
    expect(first.createdAt).toBeInstanceOf(Date);
    expect(await store().agent(tenant, 'writer', null)).toEqual(second);
    expect(await store().agent(tenant, 'writer', 1)).toEqual(first);
    expect(await store().agent(tenant, 'writer', 3)).toBeNull();
    expect(await store().agent(tenant, 'nobody', null)).toBeNull();
  });

  test('the version that a spec names does not count: its next one does', async () => {
    const tenant = newTenant();
    const saved = await store().saveAgent(tenant, { ...named('writer'), version: 17 });
    expect(saved.spec.version).toBe(1);
  });

  test('agents of one name in several tenants have nothing to do with one another', async () => {
    const [tenant, other] = [newTenant(), newTenant()];
    await store().saveAgent(tenant, named('writer', 1));
    await store().saveAgent(tenant, named('writer', 2));
    expect((await store().saveAgent(other, named('writer', 3))).spec.version).toBe(1);
    expect(await store().deleteAgent(other, 'writer')).toBe(true);
    expect((await store().agent(tenant, 'writer', null))?.spec).toMatchObject({ version: 2, maxTokens: 2 });
    expect(await store().agent(other, 'writer', null)).toBeNull();
    expect(await store().agents(other, { limit: 10 })).toEqual([]);
  });

  test('of many that save at once each gets a version of its own, without a gap', async () => {
    const tenant = newTenant();
    const savers = Array.from({ length: 8 }, (_, n) => n + 1);
    const saved = await contend(...savers.map((n) => () => store().saveAgent(tenant, named('racer', n))));
    expect(saved.map(({ spec }) => spec.version).toSorted((a, b) => a - b)).toEqual(savers);
    for (const { spec } of saved) {
      expect((await store().agent(tenant, 'racer', spec.version))?.spec).toEqual(spec);
    }
  });

  test('a list has newest versions in the order of names, a page at a time', async () => {
    const tenant = newTenant();
    for (const name of ['b', 'B', 'a-1', 'a', 'a_1', 'c']) await store().saveAgent(tenant, named(name));
    await store().saveAgent(tenant, named('a', 5));
    const all = await store().agents(tenant, { limit: 10 });
    const names = all.map(({ spec }) => spec.name);
    expect(names.toSorted()).toEqual(['B', 'a', 'a-1', 'a_1', 'b', 'c']);
    expect(all.find(({ spec }) => spec.name === 'a')?.spec).toMatchObject({ version: 2, maxTokens: 5 });
    const paged: string[] = [];
    for (let after: string | undefined; ; after = paged.at(-1)) {
      const page = await store().agents(tenant, { limit: 2, after });
      paged.push(...page.map(({ spec }) => spec.name));
      if (page.length < 2) break;
    }
    expect(paged).toEqual(names);
  });

  test('a deleted agent is gone with all its versions, and a new one of its name begins anew', async () => {
    const tenant = newTenant();
    await store().saveAgent(tenant, named('writer', 1));
    await store().saveAgent(tenant, named('writer', 2));
    await store().saveAgent(tenant, named('writers'));
    expect(await store().deleteAgent(tenant, 'writer')).toBe(true);
    expect(await store().deleteAgent(tenant, 'writer')).toBe(false);
    expect(await store().agent(tenant, 'writer', 1)).toBeNull();
    expect((await store().agents(tenant, { limit: 10 })).map(({ spec }) => spec.name)).toEqual(['writers']);
    expect((await store().saveAgent(tenant, named('writer', 3))).spec.version).toBe(1);
  });
}
