/** The key that a tenant's contents are encrypted with, itself encrypted. */
export interface DataKey {
  /** `dk_…`; what is encrypted with it names it. */
  id: string;
  tenant: string;
  /** The operator's key that wraps it, by its name in `FLEET_ENCRYPTION_KEYS`. */
  wrappedBy: string;
  /** Base64; null once it was erased, and with it everything that was encrypted with it. */
  wrapped: string | null;
  createdAt: Date;
}

export type NewDataKey = Omit<DataKey, 'wrapped' | 'createdAt'> & { wrapped: string };

/** The store's verbs about data keys. None of them sees a key that is not wrapped. */
export interface DataKeyStore {
  /** Keeps a data key durably. One whose id stands already stays as it is. */
  addDataKey(key: NewDataKey): Promise<void>;
  dataKey(id: string): Promise<DataKey | null>;
  /** The newest of a tenant that was not erased. */
  newestDataKey(tenant: string): Promise<DataKey | null>;
  /** Those of all tenants that were not erased, in the order of ids, behind `after`. */
  dataKeys(page: { after: string | null; limit: number }): Promise<DataKey[]>;
  /** One for each of the operator's keys that wraps any. */
  wrappingKeys(): Promise<DataKey[]>;
  /** Wraps it with another key, by compare-and-set on the one that wraps it now. False when that is another. */
  rewrapDataKey(id: string, from: string, to: Pick<NewDataKey, 'wrappedBy' | 'wrapped'>): Promise<boolean>;
  /** Erases all that a tenant has, durably and for ever; returns how many. */
  eraseDataKeys(tenant: string): Promise<number>;
}
