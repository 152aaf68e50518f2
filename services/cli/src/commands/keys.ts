import type { ApiKey, ApiKeyWithText } from '@mcp-fleet/client';
import { scopes } from '@mcp-fleet/core';
import { type Command, InvalidArgumentError } from 'commander';
import type { FleetOptions } from '../connect.ts';
import { color, type Output } from '../output.ts';
import { withFleet } from '../with-fleet.ts';
import { limitsCommand } from './limits.ts';
import { wholeNumber, withFleetOptions } from './options.ts';

type Options = FleetOptions & { json?: boolean };
type Scope = (typeof scopes)[number];

interface CreateOptions extends Options {
  tenant?: string;
  name?: string;
  scopes: Scope[];
  expires?: string;
  unlessAny?: boolean;
}

const everyday = scopes.filter((scope) => scope !== 'admin' && scope !== 'operator');

/** Keys of the API. The first one is made on the store itself: no api starts on an open address without. */
export function keysCommand(program: Command): void {
  const keys = program
    .command('keys')
    .summary('make, list, end and replace API keys; limits of tenants')
    .description('Keys of the HTTP API. Each belongs to a tenant, who sees nothing of the others.');
  withFleetOptions(
    keys
      .command('create')
      .description('Makes a key and shows it, this once.')
      .option('--tenant <name>', 'whose key it is (default: that of the caller)')
      .option('--name <text>', 'what it is for')
      .option('--scopes <list>', `comma-separated, or "all"; known: ${scopes.join(', ')}`, toScopes, everyday)
      .option('--expires <time>', 'when it ends, such as 2027-01-31T00:00:00Z', toTime)
      .option('--unless-any', 'make none when there is one already'),
  ).action(create);
  withFleetOptions(
    keys
      .command('list')
      .description('Lists keys, newest first.')
      .option('--all-tenants', 'those of every tenant')
      .option('--limit <n>', 'how many', wholeNumber(1, 1000), 100),
  ).action(list);
  withFleetOptions(keys.command('revoke').description('Ends a key now.').argument('<id>')).action(revoke);
  withFleetOptions(
    keys
      .command('rotate')
      .description('Makes a key in the place of another, which works on for a while.')
      .argument('<id>')
      .option('--overlap <seconds>', 'how long the old one works on', wholeNumber(0, 30 * 86_400), 3_600),
  ).action(rotate);
  limitsCommand(keys);
}

function toScopes(list: string): Scope[] {
  if (list === 'all') return [...scopes];
  return list.split(',').map((name) => {
    const scope = scopes.find((known) => known === name.trim());
    if (scope) return scope;
    throw new InvalidArgumentError(`There is no scope ${JSON.stringify(name)}.`);
  });
}

function toTime(text: string): string {
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  throw new InvalidArgumentError('Expected a time such as 2027-01-31T00:00:00Z.');
}

async function create({ tenant, name, scopes, expires, ...options }: CreateOptions): Promise<void> {
  await withFleet(options, async (fleet, output) => {
    if (options.unlessAny) {
      const [known] = (await fleet.keys.list({ limit: 1, all_tenants: true })).data;
      if (known) return output.line(`There is a key already: ${known.id} of the tenant ${known.tenant}`);
    }
    const key = await fleet.keys.create({
      scopes,
      ...(tenant === undefined ? {} : { tenant }),
      ...(name === undefined ? {} : { name }),
      ...(expires === undefined ? {} : { expires_at: expires }),
    });
    showNew(key, output);
  });
}

async function list(options: Options & { allTenants?: boolean; limit: number }): Promise<void> {
  await withFleet(options, async (fleet, output) => {
    const page = await fleet.keys.list({
      limit: options.limit,
      ...(options.allTenants ? { all_tenants: true } : {}),
    });
    output.result(page, () => {
      if (page.data.length === 0) output.line('No keys yet. Make one: fleet keys create');
      else {
        const rows = page.data.map((key) => [
          key.id,
          key.tenant,
          key.name,
          stateOf(key),
          key.last_used_at ?? 'never',
        ]);
        output.table(['key', 'tenant', 'name', 'state', 'last used'], rows);
      }
    });
  });
}

async function revoke(id: string, options: Options): Promise<void> {
  await withFleet(options, async (fleet, output) => {
    const key = await fleet.keys.revoke(id);
    output.result(key, () => output.line(`${color.green('✓')} ${id} is revoked; every api knows within 5 s`));
  });
}

async function rotate(id: string, options: Options & { overlap: number }): Promise<void> {
  await withFleet(options, async (fleet, output) => {
    const key = await fleet.keys.rotate(id, options.overlap);
    showNew(key, output);
    if (!options.json) output.line(color.dim(`  ${id} still works for ${options.overlap} s`));
  });
}

function showNew(key: ApiKeyWithText, output: Output): void {
  output.result(key, () => {
    output.line(`${color.green('✓')} ${key.id} of the tenant ${key.tenant}, with ${key.scopes.join(', ')}`);
    output.line(key.key);
    output.line(color.dim('  It is not shown again. FLEET_API_KEY=… fleet jobs list --url …'));
  });
}

function stateOf({ revoked_at, expires_at }: ApiKey): string {
  if (revoked_at !== null) return color.red('revoked');
  if (expires_at === null) return color.green('valid');
  return new Date(expires_at) <= new Date() ? color.red('expired') : color.yellow(`until ${expires_at}`);
}
