import { useEffect, useRef } from 'preact/hooks';

/** Asks for an API key. */
export function KeyForm({ enter, close }: { enter: (key: string) => void; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const { key } = Object.fromEntries(new FormData(event.currentTarget as HTMLFormElement));
    enter(String(key).trim());
  };
  return (
    <dialog ref={dialog} aria-labelledby="key-title" onClose={close}>
      <form onSubmit={submit}>
        <h2 id="key-title">API key</h2>
        <p>
          This fleet asks callers for a key. It stays in this page's memory: reloading the page forgets it. An
          operator makes one by <code>fleet keys create</code>.
        </p>
        <label>
          Key
          <input name="key" type="password" autocomplete="off" required />
        </label>
        <div class="actions">
          <button type="submit" class="primary">
            Use this key
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Not now
          </button>
        </div>
      </form>
    </dialog>
  );
}
