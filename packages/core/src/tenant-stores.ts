import type { AgentSpec, StoredAgent } from './agent.ts';
import type { ApiKey, DayCost, NewApiKey, TenantLimits } from './api-key.ts';
import type { Page } from './page.ts';

/** The store's verbs about agents that a tenant keeps. */
export interface AgentStore {
  /** Keeps an agent under its name as its next version, which the result has. */
  saveAgent(tenant: string, spec: AgentSpec): Promise<StoredAgent>;
  /** The newest version for null. */
  agent(tenant: string, name: string, version: number | null): Promise<StoredAgent | null>;
  /** Newest versions in the order of names; `page.after` is a name. */
  agents(tenant: string, page: Page): Promise<StoredAgent[]>;
  /** Deletes all versions; jobs keep what they were accepted with. False when there was none. */
  deleteAgent(tenant: string, name: string): Promise<boolean>;
}

/** The store's verbs about who may call, and how much. */
export interface KeyStore {
  createKey(key: NewApiKey): Promise<ApiKey>;
  /** By the key's id, whatever its tenant: who calls is what it is asked for. */
  apiKey(id: string): Promise<ApiKey | null>;
  /** Newest first; of all tenants for null. */
  apiKeys(tenant: string | null, page: Page): Promise<ApiKey[]>;
  /** Sets the time from which the key is refused. Null when there is none of this tenant; null tenant: any. */
  endKey(tenant: string | null, id: string, at: Date, how: 'expires' | 'revoked'): Promise<ApiKey | null>;
  /** Notes that keys were used now. */
  keysUsed(ids: readonly string[]): Promise<void>;
  limits(tenant: string): Promise<TenantLimits>;
  setLimits(tenant: string, limits: TenantLimits): Promise<void>;
  /**
   * What jobs have cost that ended on the day that the store's clock shows. A job counts from its end on; one
   * whose cost is unknown counts nothing.
   */
  dayCost(tenant: string): Promise<DayCost>;
}
