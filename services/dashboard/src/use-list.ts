import type { PageRequest } from '@mcp-fleet/client';
import { useState } from 'preact/hooks';
import { type Reading, useReading } from './use-reading.ts';

const step = 50;

export interface List<T> extends Reading<T[]> {
  /** Reads more rows from now on; null when there are no more. */
  more: (() => void) | null;
}

/** The newest rows of a list, read again every so often. */
export function useList<T>(list: (limit: number) => PageRequest<T>, key: string): List<T> {
  const [wanted, setWanted] = useState({ key, rows: step });
  const most = wanted.key === key ? wanted.rows : step;
  const reading = useReading(async () => {
    const rows: T[] = [];
    for await (const row of list(step)) {
      rows.push(row);
      if (rows.length > most) break;
    }
    return rows;
  }, key);
  const more = () => {
    setWanted({ key, rows: most + step });
    reading.reload();
  };
  return {
    ...reading,
    data: reading.data?.slice(0, most) ?? null,
    more: reading.data && reading.data.length > most ? more : null,
  };
}
