import type { ComponentChildren } from 'preact';
import type { List } from '../use-list.ts';
import { DataTable } from './data-table.tsx';
import { ErrorNote } from './error-note.tsx';

/** A list as a table, with what to say when nothing is in it and a way to its older rows. */
export function Listing<T>({
  list,
  label,
  columns,
  numbers = [],
  empty,
  row,
}: {
  list: List<T>;
  label: string;
  columns: readonly string[];
  numbers?: readonly string[];
  empty: ComponentChildren;
  row: (item: T) => ComponentChildren;
}) {
  return (
    <>
      <ErrorNote error={list.error} />
      {list.data === null && list.error === null ? <p class="quiet">Reading…</p> : null}
      {list.data?.length === 0 ? <p class="empty">{empty}</p> : null}
      {list.data && list.data.length > 0 ? (
        <DataTable label={label} columns={columns} numbers={numbers}>
          {list.data.map(row)}
        </DataTable>
      ) : null}
      {list.more ? (
        <button type="button" onClick={list.more}>
          Show more
        </button>
      ) : null}
    </>
  );
}
