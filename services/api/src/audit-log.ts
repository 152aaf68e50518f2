import { type AuditEntry, type ContextStore, FleetError } from '@mcp-fleet/core';
import { auditHash } from '@mcp-fleet/runtime';

/** Times that an entry may find its number taken by another api before the request is refused. */
const mostTries = 20;

export type NewAuditEntry = Omit<AuditEntry, 'n' | 'at' | 'previous' | 'hash'>;

/** Adds entries to the tenants' audit logs, each chained to the one before by its hash. */
export class AuditLog {
  readonly #store: Pick<ContextStore, 'appendAudit' | 'auditLog'>;

  constructor(store: Pick<ContextStore, 'appendAudit' | 'auditLog'>) {
    this.#store = store;
  }

  /** The entry as it stands in the log, durably. Throws `store_unavailable`. */
  async append(entry: NewAuditEntry): Promise<AuditEntry> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const [last] = await this.#store.auditLog(entry.tenant, { limit: 1 });
      const next = { ...entry, n: (last?.n ?? 0) + 1, at: new Date(), previous: last?.hash ?? '' };
      const chained = { ...next, hash: auditHash(next) };
      if (await this.#store.appendAudit(chained)) return chained;
    }
    throw new FleetError('store_unavailable', 'The audit log is too busy. Nothing was done; ask again.');
  }
}
