import { FleetApiError } from '@mcp-fleet/client';
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { askForKey } from './key-request.ts';

export interface Reading<T> {
  /** What was read last; null before the first answer. */
  data: T | null;
  /** Why the last reading failed; null when it did not. */
  error: Error | null;
  /** Reads again at once. */
  reload: () => void;
}

/** What `read` reads, now and every so often while the page can be seen; anew whenever `key` changes. */
export function useReading<T>(
  read: (signal: AbortSignal) => PromiseLike<T>,
  key: string,
  everyMs: number | null = 3_000,
): Reading<T> {
  const [data, setData] = useState<T | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [turn, setTurn] = useState(0);
  const latest = useRef(read);
  latest.current = read;

  useEffect(() => setData(null), [key]);

  useEffect(() => {
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = () => {
      if (everyMs !== null) timer = setTimeout(once, everyMs);
    };
    const once = async () => {
      if (document.hidden) return again();
      try {
        const value = await latest.current(gone.signal);
        if (gone.signal.aborted) return;
        setData(() => value);
        setError(null);
      } catch (thrown) {
        if (gone.signal.aborted) return;
        if (thrown instanceof FleetApiError && thrown.status === 401) askForKey();
        setError(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
      again();
    };
    void once();
    return () => {
      gone.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, turn]);
  const reload = useCallback(() => setTurn((n) => n + 1), []);
  return { data, error, reload };
}
