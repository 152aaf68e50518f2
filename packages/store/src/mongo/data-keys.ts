import type { DataKey, NewDataKey } from '@mcp-fleet/core';
import { type Database, flushed, insertNew } from './database.ts';
import type { DataKeyDoc } from './documents.ts';

const toDataKey = ({ _id, wrapped_by, created_at, ...rest }: DataKeyDoc): DataKey => ({
  ...rest,
  id: _id,
  wrappedBy: wrapped_by,
  createdAt: created_at,
});

const usable = { wrapped: { $type: 'string' } } as const;

export async function addDataKey({ dataKeys, clock }: Database, key: NewDataKey): Promise<void> {
  const { id, tenant, wrappedBy, wrapped } = key;
  const doc = { _id: id, tenant, wrapped_by: wrappedBy, wrapped, created_at: clock.now() };
  await insertNew(dataKeys, [doc], flushed);
}

export async function dataKey({ dataKeys }: Database, id: string): Promise<DataKey | null> {
  const doc = await dataKeys.findOne({ _id: id });
  return doc && toDataKey(doc);
}

export async function newestDataKey({ dataKeys }: Database, tenant: string): Promise<DataKey | null> {
  const doc = await dataKeys.findOne({ tenant, ...usable }, { sort: { created_at: -1, _id: -1 } });
  return doc && toDataKey(doc);
}

export async function dataKeys(
  { dataKeys }: Database,
  { after, limit }: { after: string | null; limit: number },
): Promise<DataKey[]> {
  const behind = after === null ? {} : { _id: { $gt: after } };
  const docs = await dataKeys
    .find({ ...usable, ...behind })
    .sort({ _id: 1 })
    .limit(limit)
    .toArray();
  return docs.map(toDataKey);
}

export async function wrappingKeys({ dataKeys }: Database): Promise<DataKey[]> {
  const names = await dataKeys.distinct('wrapped_by', usable);
  const docs = await Promise.all(names.map((name) => dataKeys.findOne({ wrapped_by: name, ...usable })));
  return docs.flatMap((doc) => (doc ? [toDataKey(doc)] : []));
}

export async function rewrapDataKey(
  { dataKeys }: Database,
  id: string,
  from: string,
  { wrappedBy, wrapped }: Pick<NewDataKey, 'wrappedBy' | 'wrapped'>,
): Promise<boolean> {
  const filter = { _id: id, wrapped_by: from, ...usable };
  const change = { $set: { wrapped_by: wrappedBy, wrapped } };
  return (await dataKeys.updateOne(filter, change, flushed)).matchedCount === 1;
}

export async function eraseDataKeys({ dataKeys }: Database, tenant: string): Promise<number> {
  return (await dataKeys.updateMany({ tenant, ...usable }, { $set: { wrapped: null } }, flushed))
    .modifiedCount;
}
