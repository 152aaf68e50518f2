import type { Nanos } from './money.ts';

/**
 * What a key may do. `admin` manages the keys of its own tenant, `operator` those of every tenant and the
 * tenants' limits; neither implies the others.
 */
export const scopes = [
  'jobs:read',
  'jobs:write',
  'sessions:read',
  'sessions:write',
  'agents:read',
  'agents:write',
  'tools:call',
  'approvals:write',
  'webhooks:write',
  'admin',
  'operator',
] as const;
export type Scope = (typeof scopes)[number];

/** A key as it is stored: its secret is not in it, only the secret's digest. */
export interface ApiKey {
  id: string;
  tenant: string;
  name: string;
  scopes: Scope[];
  /** SHA-256 of the secret, hexadecimal. The secret has 256 random bits, so that no slow hash is needed. */
  hash: string;
  createdAt: Date;
  /** The key is refused from then on. */
  expiresAt: Date | null;
  revokedAt: Date | null;
  /** When it was last used, to about a minute. */
  lastUsedAt: Date | null;
}

export type NewApiKey = Pick<ApiKey, 'id' | 'tenant' | 'name' | 'scopes' | 'hash' | 'expiresAt'>;

/** What one tenant may have. Bounds refuse requests and submissions; what was accepted is not held back. Null is none. */
export interface TenantLimits {
  requestsPerMinute: number | null;
  /** Jobs that are queued or waiting. */
  queuedJobs: number | null;
  runningJobs: number | null;
  /** Nano-dollars that jobs which end on one day, in UTC, may have cost before no new one is accepted. */
  dailyCost: Nanos | null;
  /** Its part in the work of batches, in proportion to the weights of the others that have some. Above 0. */
  weight: number;
}

export const noLimits: TenantLimits = {
  requestsPerMinute: null,
  queuedJobs: null,
  runningJobs: null,
  dailyCost: null,
  weight: 1,
};

/** What a tenant's jobs that ended today, in UTC, have cost, and the milliseconds until the day is over. */
export interface DayCost {
  cost: Nanos;
  leftMs: number;
}
