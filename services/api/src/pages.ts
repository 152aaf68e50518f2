import type { Page } from '@mcp-fleet/core';

/** A page of a list, in the form that users of the Anthropic API know. */
export function pageView<T extends { id: string }>(data: T[], limit: number) {
  const shown = data.slice(0, limit);
  return {
    data: shown,
    has_more: data.length > limit,
    first_id: shown[0]?.id ?? null,
    last_id: shown.at(-1)?.id ?? null,
  };
}

/** Reads one row more than a page has, which tells whether there is another page, and shows the rest. */
export async function readPage<Row, View extends { id: string }>(
  { limit, after_id }: { limit: number; after_id?: string | undefined },
  read: (page: Page) => Promise<Row[]>,
  view: (row: Row) => View,
) {
  return pageView((await read({ limit: limit + 1, after: after_id })).map(view), limit);
}
