import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { useAction } from '../use-action.ts';
import { ErrorNote } from './error-note.tsx';

/** A button that does something at the fleet, asks first where that cannot be undone, and says what went wrong. */
export function ActionButton({
  work,
  confirm,
  primary = false,
  children,
}: {
  work: () => Promise<unknown>;
  /** What the second button says, such as `Yes, cancel it`; none is asked for without. */
  confirm?: string;
  primary?: boolean;
  children: ComponentChildren;
}) {
  const { busy, error, run } = useAction();
  const [asked, setAsked] = useState(false);
  const act = () => {
    setAsked(false);
    void run(work);
  };
  return (
    <span class="action">
      {asked ? (
        <>
          <button type="button" class="danger" onClick={act}>
            {confirm}
          </button>
          <button type="button" onClick={() => setAsked(false)}>
            No
          </button>
        </>
      ) : (
        <button
          type="button"
          class={primary ? 'primary' : undefined}
          disabled={busy}
          onClick={confirm ? () => setAsked(true) : act}
        >
          {busy ? 'One moment…' : children}
        </button>
      )}
      <ErrorNote error={error} />
    </span>
  );
}
