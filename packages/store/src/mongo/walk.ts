import type { Collection, Document, Filter } from 'mongodb';

const pageSize = 500;

/**
 * Documents that match, in the order of their ids behind `after`, as pages of which one is in memory at a time.
 * Each page is a query of its own, so a document that changes meanwhile is seen as it is then.
 */
export async function* walk<Doc extends Document & { _id: string }>(
  collection: Collection<Doc>,
  filter: Filter<Doc>,
  options: { projection?: Document; after?: string | null } = {},
): AsyncGenerator<Doc[], void, void> {
  const { projection = {} } = options;
  for (let after = options.after ?? ''; ; ) {
    // The driver's Filter<Doc> cannot be built from a generic one and a further condition.
    const behind = { ...filter, _id: { $gt: after } } as Filter<Doc>;
    const page = await collection.find(behind, { projection }).sort({ _id: 1 }).limit(pageSize).toArray();
    const last = page.at(-1);
    if (last === undefined) return;
    yield page as Doc[];
    if (page.length < pageSize) return;
    after = last._id;
  }
}
