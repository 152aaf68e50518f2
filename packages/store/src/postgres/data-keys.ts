import type { DataKey, NewDataKey } from '@mcp-fleet/core';
import type { Database } from './database.ts';

const columns = `id, tenant, wrapped_by AS "wrappedBy", wrapped, created_at AS "createdAt"`;

const insertKey = `
  INSERT INTO fleet.data_keys (id, tenant, wrapped_by, wrapped) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`;

export async function addDataKey(database: Database, key: NewDataKey): Promise<void> {
  await database.flushed('add_data_key', insertKey, [key.id, key.tenant, key.wrappedBy, key.wrapped]);
}

export async function dataKey(database: Database, id: string): Promise<DataKey | null> {
  const text = `SELECT ${columns} FROM fleet.data_keys WHERE id = $1`;
  return (await database.lazy<DataKey>('data_key', text, [id]))[0] ?? null;
}

const newest = `
  SELECT ${columns} FROM fleet.data_keys WHERE tenant = $1 AND wrapped IS NOT NULL
  ORDER BY created_at DESC, id DESC LIMIT 1`;

export async function newestDataKey(database: Database, tenant: string): Promise<DataKey | null> {
  return (await database.lazy<DataKey>('newest_data_key', newest, [tenant]))[0] ?? null;
}

const listKeys = `
  SELECT ${columns} FROM fleet.data_keys WHERE wrapped IS NOT NULL AND ($1::text IS NULL OR id > $1)
  ORDER BY id LIMIT $2`;

export function dataKeys(
  database: Database,
  { after, limit }: { after: string | null; limit: number },
): Promise<DataKey[]> {
  return database.lazy<DataKey>('data_keys', listKeys, [after, limit]);
}

const oneOfEach = `
  SELECT DISTINCT ON (wrapped_by) ${columns} FROM fleet.data_keys WHERE wrapped IS NOT NULL ORDER BY wrapped_by, id`;

export const wrappingKeys = (database: Database): Promise<DataKey[]> =>
  database.lazy<DataKey>('wrapping_keys', oneOfEach, []);

const rewrap = `
  UPDATE fleet.data_keys SET wrapped_by = $3, wrapped = $4
  WHERE id = $1 AND wrapped_by = $2 AND wrapped IS NOT NULL RETURNING id`;

export async function rewrapDataKey(
  database: Database,
  id: string,
  from: string,
  { wrappedBy, wrapped }: Pick<NewDataKey, 'wrappedBy' | 'wrapped'>,
): Promise<boolean> {
  return (await database.flushed('rewrap_data_key', rewrap, [id, from, wrappedBy, wrapped])).length > 0;
}

const erase =
  'UPDATE fleet.data_keys SET wrapped = NULL WHERE tenant = $1 AND wrapped IS NOT NULL RETURNING id';

export async function eraseDataKeys(database: Database, tenant: string): Promise<number> {
  return (await database.flushed('erase_data_keys', erase, [tenant])).length;
}
