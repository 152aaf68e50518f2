import { resolve } from 'node:path';
import { FleetError } from '@mcp-fleet/core';
import { lockFolder, readEnvironment, startEmbeddedPostgres, waitUntilReachable } from '@mcp-fleet/runtime';
import type { Command } from 'commander';
import { color, createOutput, type Output } from '../output.ts';

export function migrateCommand(program: Command): void {
  program
    .command('migrate')
    .summary('create or upgrade tables and indexes')
    .description(
      'Creates or upgrades the tables and indexes of store and queue. Safe to run again, and from several places.',
    )
    .option('--data <folder>', 'data folder of the embedded fleet (default: .fleet)')
    .option('--json', 'print JSON for programs')
    .action(migrate);
}

async function migrate(options: { data?: string; json?: boolean }): Promise<void> {
  const output = createOutput(options.json === true);
  const environment = readEnvironment(process.env);
  const { STORE_URL, QUEUE_URL } = environment;
  if (!STORE_URL !== !QUEUE_URL) {
    throw new FleetError(
      'invalid_config',
      'Set both STORE_URL and QUEUE_URL, or neither for the embedded fleet.',
    );
  }
  if (STORE_URL && QUEUE_URL) await migrateByUrl(STORE_URL, QUEUE_URL, environment.STARTUP_WAIT_MS, output);
  else await migrateFolder(resolve(options.data ?? environment.FLEET_DATA));
  const where = STORE_URL ? 'the store and the queue' : resolve(options.data ?? environment.FLEET_DATA);
  output.result({ migrated: true }, () => output.line(`${color.green('✓')} ${where}: up to date`));
}

async function migrateByUrl(
  storeUrl: string,
  queueUrl: string,
  waitMs: number,
  output: Output,
): Promise<void> {
  const [{ openStore }, { openQueueBackend }] = await loaded();
  const store = await openStore(storeUrl);
  const backend = openQueueBackend(queueUrl);
  const onRetry = (reason: string) => output.line(color.yellow(reason));
  try {
    await waitUntilReachable(() => store.migrate(), { waitMs, onRetry });
    await waitUntilReachable(() => backend.migrate().then(() => backend.check()), { waitMs, onRetry });
  } finally {
    await backend.close();
    await store.close();
  }
}

const loaded = () => Promise.all([import('@mcp-fleet/store'), import('@mcp-fleet/queue')]);

async function migrateFolder(folder: string): Promise<void> {
  const [{ openPooledStore }, { openPooledBackend }] = await loaded();
  const lock = lockFolder(folder);
  try {
    const embedded = await startEmbeddedPostgres(folder);
    try {
      await openPooledStore(embedded.pool as never).migrate();
      await openPooledBackend(embedded.pool as never).migrate();
    } finally {
      await embedded.stop();
    }
  } finally {
    lock.release();
  }
}
