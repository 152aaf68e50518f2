import { FleetError } from '@mcp-fleet/core';
import type { Command } from 'commander';
import { color, createOutput } from '../output.ts';

interface Options {
  data?: string;
  json?: boolean;
}

/** The keys that contents are encrypted with. */
export function encryptionCommand(program: Command): void {
  const encryption = program
    .command('encryption')
    .summary('keys that stored contents are encrypted with')
    .description(
      'Each tenant has data keys, which the operator’s keys of FLEET_ENCRYPTION_KEYS wrap. These commands work on the store itself: run them where STORE_URL is set, or beside a data folder that no fleet runs on.',
    );
  const add = (name: string, description: string) =>
    encryption
      .command(name)
      .description(description)
      .option('--data <folder>', 'data folder of the embedded fleet (default: .fleet)')
      .option('--json', 'print JSON for programs');
  add('status', 'Counts data keys by the keys that wrap them.').action(status);
  add(
    'rewrap',
    'Wraps all data keys with the first of FLEET_ENCRYPTION_KEYS, so that the others can be taken out.',
  ).action(rewrap);
  add('renew', 'Begins a new data key of a tenant, for what is written from now on.')
    .requiredOption('--tenant <name>', 'whose')
    .action(renew);
  add(
    'erase',
    'Destroys the data keys of a tenant: nothing that was encrypted with them can ever be read again.',
  )
    .requiredOption('--tenant <name>', 'whose')
    .option('--yes', 'destroy them')
    .action(erase);
}

const loaded = () => Promise.all([import('../with-store.ts'), import('@mcp-fleet/store')]);

async function status(options: Options): Promise<void> {
  const [{ withStore }, { countDataKeys }] = await loaded();
  const output = createOutput(options.json === true);
  await withStore(options.data, async (store) => {
    const wrapped = await countDataKeys(store);
    output.result({ wrapped_by: wrapped }, () => {
      const rows = Object.entries(wrapped).map(([name, count]) => [name, String(count)]);
      if (rows.length === 0) output.line('Nothing is encrypted.');
      else output.table(['wrapped by', 'data keys'], rows);
    });
  });
}

async function rewrap(options: Options): Promise<void> {
  const output = createOutput(options.json === true);
  const [{ withStore, encryptionKeys }, { rewrapDataKeys }] = await loaded();
  const keys = encryptionKeys();
  await withStore(options.data, async (store) => {
    const rewrapped = await rewrapDataKeys(store, keys);
    output.result({ rewrapped }, () =>
      output.line(
        `${color.green('✓')} ${rewrapped} data keys were wrapped anew; all are wrapped by the first key.`,
      ),
    );
  });
}

async function renew({ tenant, ...options }: Options & { tenant: string }): Promise<void> {
  const output = createOutput(options.json === true);
  const [{ withStore, encryptionKeys }, { renewDataKey }] = await loaded();
  const keys = encryptionKeys();
  await withStore(options.data, async (store) => {
    const id = await renewDataKey(store, keys, tenant);
    output.result({ tenant, data_key: id }, () =>
      output.line(`${color.green('✓')} ${id} is the data key of ${tenant} now.`),
    );
  });
}

async function erase({
  tenant,
  yes = false,
  ...options
}: Options & { tenant: string; yes?: boolean }): Promise<void> {
  const output = createOutput(options.json === true);
  if (!yes) {
    throw new FleetError(
      'invalid_request',
      `This destroys the data keys of ${tenant}, and with them all contents of its jobs, sessions and batches, in backups too. Say --yes to do it.`,
    );
  }
  const [{ withStore }] = await loaded();
  const { AuditLog } = await import('@mcp-fleet/api');
  await withStore(options.data, async (store) => {
    const open = await store.openJobs(tenant, 1);
    if (open.queued + open.running > 0) {
      throw new FleetError(
        'session_busy',
        `${tenant} has jobs that have not ended. Revoke its keys, cancel its jobs, and ask again.`,
      );
    }
    await new AuditLog(store).append({
      tenant,
      actor: 'operator',
      action: 'data_keys.erase',
      target: tenant,
      details: {},
    });
    const erased = await store.eraseDataKeys(tenant);
    output.result({ tenant, erased }, () =>
      output.line(
        `${color.green('✓')} ${erased} data keys of ${tenant} are gone. Processes forget them within half a minute.`,
      ),
    );
  });
}
