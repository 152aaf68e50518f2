import { clockDifference, clockWarnings } from '@mcp-fleet/core';
import type { Database } from './database.ts';

const readSettings = `
  SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes,
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms`;

interface Settings {
  fsync: string;
  full_page_writes: string;
  now_ms: number;
}

/** What a PostgreSQL server is set up for that loses or mangles accepted jobs when it crashes. */
export async function setupWarnings(database: Database): Promise<string[]> {
  const askedAt = Date.now();
  const [settings] = await database.lazy<Settings>('settings', readSettings, []);
  const difference = clockDifference(askedAt, settings?.now_ms ?? askedAt, Date.now());
  const warnings = clockWarnings('the PostgreSQL store', difference);
  for (const name of ['fsync', 'full_page_writes'] as const) {
    if (settings?.[name] === 'on') continue;
    warnings.push(
      `The PostgreSQL store runs with ${name} off: a crash of its machine can lose accepted jobs. Set ${name} = on.`,
    );
  }
  return warnings;
}
