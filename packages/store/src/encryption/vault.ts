import { randomUUID } from 'node:crypto';
import { type DataKey, type DataKeyStore, FleetError, type NewDataKey } from '@mcp-fleet/core';
import { decrypt, encrypt, type KeyRing, newKey } from './key-ring.ts';

/** A data key as it is used; `key` is null once it was erased. */
export interface OpenKey {
  id: string;
  tenant: string;
  key: Buffer | null;
}

/** How long a key is used as it was read: after it was erased, other processes forget it within this time. */
const freshMs = 30_000;

/** Keys in memory at a time. */
const mostKeys = 10_000;

/** The data keys of all tenants, read when they are needed and kept for a while. */
export class Vault {
  readonly #store: DataKeyStore;
  readonly #ring: KeyRing;
  readonly #byId = new Map<string, { key: OpenKey; readAt: number }>();
  readonly #newest = new Map<string, { key: Promise<OpenKey>; readAt: number }>();

  constructor(store: DataKeyStore, ring: KeyRing) {
    this.#store = store;
    this.#ring = ring;
  }

  /** What a tenant's contents are encrypted with from now on; its first one is made here. */
  newest(tenant: string): Promise<OpenKey> {
    const known = this.#newest.get(tenant);
    if (known && isFresh(known)) return known.key;
    const key = this.#readNewest(tenant).catch((thrown) => {
      this.#newest.delete(tenant);
      throw thrown;
    });
    keep(this.#newest, tenant, { key, readAt: performance.now() });
    return key;
  }

  /** The key as it was read not long ago; undefined when it has to be loaded first. */
  known(id: string): OpenKey | undefined {
    const known = this.#byId.get(id);
    return known && isFresh(known) ? known.key : undefined;
  }

  /** Throws `encryption_key_missing` when none of the operator's keys opens it, `contents_unreadable` when there is none. */
  async load(id: string): Promise<void> {
    const stored = await this.#store.dataKey(id);
    if (!stored) {
      throw new FleetError(
        'contents_unreadable',
        `There is no data key ${id}, which contents name. Was the table data_keys restored?`,
      );
    }
    this.#keep(stored);
  }

  /** Begins a new data key of a tenant. */
  async renew(tenant: string): Promise<OpenKey> {
    const { name, key } = this.#ring.current;
    const id = `dk_${randomUUID().replaceAll('-', '')}`;
    const plain = newKey();
    const wrapped = encrypt(key, plain, wrapRecord(id, tenant)).toString('base64');
    await this.#store.addDataKey({ id, tenant, wrappedBy: name, wrapped });
    this.#newest.delete(tenant);
    return this.#keepOpen({ id, tenant, key: plain });
  }

  /** Wraps a data key with the operator's current key; false when it is already. */
  async rewrap(stored: DataKey): Promise<boolean> {
    const { name, key } = this.#ring.current;
    const plain = stored.wrappedBy === name ? null : unwrap(this.#ring, stored);
    if (plain === null) return false;
    const wrapped = encrypt(key, plain, wrapRecord(stored.id, stored.tenant)).toString('base64');
    return this.#store.rewrapDataKey(stored.id, stored.wrappedBy, { wrappedBy: name, wrapped });
  }

  forget(): void {
    this.#byId.clear();
    this.#newest.clear();
  }

  async #readNewest(tenant: string): Promise<OpenKey> {
    const stored = await this.#store.newestDataKey(tenant);
    return stored ? this.#keep(stored) : this.renew(tenant);
  }

  #keep(stored: DataKey): OpenKey {
    return this.#keepOpen({ id: stored.id, tenant: stored.tenant, key: unwrap(this.#ring, stored) });
  }

  #keepOpen(key: OpenKey): OpenKey {
    keep(this.#byId, key.id, { key, readAt: performance.now() });
    return key;
  }
}

/** Throws `encryption_key_missing` unless the operator's keys open what they wrap. */
export async function checkKeys(store: DataKeyStore, ring: KeyRing | null): Promise<void> {
  for (const stored of await store.wrappingKeys()) {
    if (ring === null) {
      throw new FleetError(
        'encryption_key_missing',
        `The store has encrypted contents, and FLEET_ENCRYPTION_KEYS is not set. Set it, with the key ${stored.wrappedBy} among its keys.`,
      );
    }
    unwrap(ring, stored);
  }
}

function unwrap(ring: KeyRing, { id, tenant, wrappedBy, wrapped }: DataKey | NewDataKey): Buffer | null {
  if (wrapped === null) return null;
  const key = ring.keys.get(wrappedBy);
  if (!key) {
    throw new FleetError(
      'encryption_key_missing',
      `The data key ${id} is wrapped by ${wrappedBy}, which FLEET_ENCRYPTION_KEYS does not have. Add it behind the current key.`,
    );
  }
  try {
    return decrypt(key, Buffer.from(wrapped, 'base64'), wrapRecord(id, tenant));
  } catch (cause) {
    throw new FleetError(
      'encryption_key_missing',
      `The key ${wrappedBy} of FLEET_ENCRYPTION_KEYS does not open the data key ${id}: it is another key under the same name, or the data key was changed.`,
      { cause },
    );
  }
}

const wrapRecord = (id: string, tenant: string) => `data key ${id} of ${tenant}`;

const isFresh = ({ readAt }: { readAt: number }) => performance.now() - readAt < freshMs;

/** The oldest goes when there is no room. */
function keep<T>(map: Map<string, T>, id: string, value: T): void {
  map.delete(id);
  map.set(id, value);
  if (map.size > mostKeys) map.delete(map.keys().next().value as string);
}
