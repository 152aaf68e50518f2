import type { DataKeyStore } from '@mcp-fleet/core';
import { parseKeyRing } from './key-ring.ts';
import { Vault } from './vault.ts';

const pageSize = 500;

/** Data keys by the operator's keys that wrap them. */
export async function countDataKeys(store: DataKeyStore): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for await (const { wrappedBy } of allDataKeys(store)) counts[wrappedBy] = (counts[wrappedBy] ?? 0) + 1;
  return counts;
}

/**
 * Wraps all data keys with the first of `keys` (`FLEET_ENCRYPTION_KEYS`), after which the others are not needed any
 * more. Contents stay as they are. Safe to repeat, and while the fleet works. Returns how many were not yet.
 */
export async function rewrapDataKeys(store: DataKeyStore, keys: string): Promise<number> {
  const vault = new Vault(store, parseKeyRing(keys));
  let rewrapped = 0;
  for await (const key of allDataKeys(store)) if (await vault.rewrap(key)) rewrapped += 1;
  return rewrapped;
}

/** Begins a new data key of a tenant, for what is written from now on; other processes use it within half a minute. */
export async function renewDataKey(store: DataKeyStore, keys: string, tenant: string): Promise<string> {
  return (await new Vault(store, parseKeyRing(keys)).renew(tenant)).id;
}

async function* allDataKeys(store: DataKeyStore) {
  for (let after: string | null = null; ; ) {
    const page = await store.dataKeys({ after, limit: pageSize });
    yield* page;
    if (page.length < pageSize) return;
    after = page.at(-1)?.id ?? null;
  }
}
