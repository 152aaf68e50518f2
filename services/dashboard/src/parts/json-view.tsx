/** A value as JSON, to be opened. */
export function JsonView({
  summary,
  value,
  open = false,
}: {
  summary: string;
  value: unknown;
  open?: boolean;
}) {
  return (
    <details class="json" open={open}>
      <summary>{summary}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard. */}
      <pre tabIndex={0}>{JSON.stringify(value, null, 2)}</pre>
    </details>
  );
}
