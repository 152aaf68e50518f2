import type { AuditEntry } from '@mcp-fleet/core';
import { decodeMetadata, encode } from '../record-codec.ts';
import type { Database } from './database.ts';

const insertEntry = `
  INSERT INTO fleet.audit (tenant, n, at, actor, action, target, details, previous, hash)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING n`;

export async function appendAudit(database: Database, entry: AuditEntry): Promise<boolean> {
  const { tenant, n, at, actor, action, target, details, previous, hash } = entry;
  const values = [tenant, n, at, actor, action, target, encode(details), previous, hash];
  return (await database.flushed('append_audit', insertEntry, values)).length > 0;
}

const listEntries = `
  SELECT * FROM fleet.audit WHERE tenant = $1 AND ($2::int IS NULL OR n < $2) ORDER BY n DESC LIMIT $3`;

export async function auditLog(
  database: Database,
  tenant: string,
  { before = null, limit }: { before?: number | null | undefined; limit: number },
): Promise<AuditEntry[]> {
  type Row = Omit<AuditEntry, 'details'> & { details: string };
  const rows = await database.lazy<Row>('audit_log', listEntries, [tenant, before, limit]);
  return rows.map((row) => ({ ...row, details: decodeMetadata(row.details) }));
}
