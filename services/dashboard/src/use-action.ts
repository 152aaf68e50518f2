import { useState } from 'preact/hooks';

export interface Action {
  busy: boolean;
  error: Error | null;
  /** Does the work unless it is being done; what it throws is kept in `error`. */
  run: (work: () => Promise<unknown>) => Promise<void>;
}

/** Something that a button or a form does. */
export function useAction(): Action {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const run = async (work: () => Promise<unknown>) => {
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      await work();
    } catch (thrown) {
      setError(thrown instanceof Error ? thrown : new Error(String(thrown)));
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, run };
}
