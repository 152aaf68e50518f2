import type { ComponentChildren } from 'preact';

/** A table that scrolls sideways by itself where the screen is narrow. */
export function DataTable({
  label,
  columns,
  numbers = [],
  children,
}: {
  label: string;
  columns: readonly string[];
  /** Those of the columns that hold numbers. */
  numbers?: readonly string[];
  children: ComponentChildren;
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard.
    <section class="table" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col" class={numbers.includes(column) ? 'number' : undefined}>
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}
