import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hasEmbeddedPostgres } from '@mcp-fleet/runtime';
import { until } from './until.ts';

const main = fileURLToPath(new URL('../../services/cli/src/main.ts', import.meta.url));

/**
 * Begins a data folder that a command is given, and that is not there yet, with a copy of one that was made before:
 * making the database is most of what the first start of a fleet takes.
 */
export async function beginDataFolder(args: readonly string[], env: Record<string, string>): Promise<void> {
  const at = args.indexOf('--data');
  const folder = at < 0 ? env.FLEET_DATA : args[at + 1];
  const place = process.env.TEST_DATA_TEMPLATE;
  if (!place || !folder || hasEmbeddedPostgres(folder)) return;
  await cp(await template(place), folder, { recursive: true });
}

/** Made by whoever is first; others wait for it. */
async function template(place: string): Promise<string> {
  const made = join(place, 'made');
  if (existsSync(made)) return made;
  const making = join(place, 'making');
  const isFirst = await mkdir(making).then(
    () => true,
    () => false,
  );
  if (isFirst) {
    const args = [main, 'sessions', 'list', '--data', making];
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env.PATH, HOME: process.env.HOME },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    await once(child, 'exit');
    await rename(making, made);
  } else await until('the first data folder', async () => existsSync(made));
  return made;
}
