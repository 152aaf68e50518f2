import type { AuditEntry } from '@mcp-fleet/core';
import { decodeMetadata, encode } from '../record-codec.ts';
import { type Database, flushed, insertNew } from './database.ts';

export function appendAudit({ audit }: Database, entry: AuditEntry): Promise<boolean> {
  const doc = { ...entry, _id: `${entry.tenant}/${entry.n}`, details: encode(entry.details) };
  return insertNew(audit, [doc], flushed);
}

export async function auditLog(
  { audit }: Database,
  tenant: string,
  { before, limit }: { before?: number | undefined; limit: number },
): Promise<AuditEntry[]> {
  const filter = { tenant, ...(before === undefined ? {} : { n: { $lt: before } }) };
  const docs = await audit.find(filter).sort({ n: -1 }).limit(limit).toArray();
  return docs.map(({ _id, details, ...entry }) => ({ ...entry, details: decodeMetadata(details) }));
}
