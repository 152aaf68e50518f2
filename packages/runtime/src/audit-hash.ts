import { createHash } from 'node:crypto';
import type { AuditEntry } from '@mcp-fleet/core';

/**
 * SHA-256, hexadecimal, over an entry and the hash of the one before: of the JSON array
 * `[previous, tenant, n, at, actor, action, target, details]`, `at` in ISO 8601, the keys of `details` sorted.
 */
export function auditHash(entry: Omit<AuditEntry, 'hash'>): string {
  const { previous, tenant, n, at, actor, action, target, details } = entry;
  const sorted = Object.fromEntries(Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = JSON.stringify([previous, tenant, n, at.toISOString(), actor, action, target, sorted]);
  return createHash('sha256').update(text).digest('hex');
}

/**
 * The first entry, oldest first, that is not what was once written: changed, or behind a gap. `from` is the entry
 * before the first one, null where the log begins. Null when all is well.
 */
export function brokenEntry(
  entries: readonly AuditEntry[],
  from: Pick<AuditEntry, 'n' | 'hash'> | null = null,
): AuditEntry | null {
  let before = from ?? { n: 0, hash: '' };
  for (const entry of entries) {
    const follows = entry.n === before.n + 1 && entry.previous === before.hash;
    if (!follows || entry.hash !== auditHash(entry)) return entry;
    before = entry;
  }
  return null;
}
