/** What somebody was about to do with keys, policies, approvals or stored contents. */
export interface AuditEntry {
  /** The tenant that it concerns. */
  tenant: string;
  /** Its number in the tenant's log, from 1, without gaps. */
  n: number;
  at: Date;
  /** Id of the caller's key, or `local` for a caller on the same machine that needs none. */
  actor: string;
  /** Noun and verb, such as `key.create`. */
  action: string;
  /** Id of what it is done to. */
  target: string;
  /** More about it, never contents or secrets. */
  details: Record<string, string>;
  /** `hash` of the entry before; empty for the first. */
  previous: string;
  /** SHA-256 over all the rest, hexadecimal: an entry that was changed or taken out breaks the chain. */
  hash: string;
}

/** The store's verbs about the audit log. Entries are added and read, never changed. */
export interface AuditStore {
  /** Adds an entry durably; false when its number is taken, by another api that was quicker. */
  appendAudit(entry: AuditEntry): Promise<boolean>;
  /** A tenant's entries, the newest first, from below the number `before`. */
  auditLog(tenant: string, page: { before?: number | undefined; limit: number }): Promise<AuditEntry[]>;
}
