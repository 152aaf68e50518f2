import { useState } from 'preact/hooks';
import { useAction } from '../use-action.ts';
import { ErrorNote } from './error-note.tsx';

/** Where a query is written. Enter sends it, Shift and Enter begin a new line. */
export function Composer({
  send,
  disabled = false,
}: {
  send: (query: string) => Promise<unknown>;
  disabled?: boolean;
}) {
  const [text, setText] = useState('');
  const { busy, error, run } = useAction();
  const submit = () => {
    const query = text.trim();
    if (query === '' || disabled) return;
    void run(async () => {
      await send(query);
      setText('');
    });
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <label class="unseen" for="query">
        Query
      </label>
      <textarea
        id="query"
        rows={3}
        value={text}
        placeholder="Ask the fleet…"
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          submit();
        }}
      />
      <button type="submit" class="primary" disabled={busy || disabled}>
        {busy ? 'Sending…' : 'Send'}
      </button>
      <ErrorNote error={error} />
    </form>
  );
}
