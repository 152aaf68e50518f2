import type { TenantLimits } from '@mcp-fleet/client';
import { type Command, InvalidArgumentError } from 'commander';
import { connect, type FleetOptions } from '../connect.ts';
import { createOutput, type Output } from '../output.ts';
import { dollars, orNone, orNull, wholeNumber, withFleetOptions } from './options.ts';

interface LimitOptions extends FleetOptions {
  dailyCostUsd?: number | 'none';
  requestsPerMinute?: number | 'none';
  queuedJobs?: number | 'none';
  runningJobs?: number | 'none';
  weight?: number;
  json?: boolean;
}

/** `fleet keys limits`. */
export function limitsCommand(keys: Command): void {
  const count = orNone(wholeNumber(0, 1_000_000_000));
  withFleetOptions(
    keys
      .command('limits')
      .description('Shows what a tenant may have, and sets what an option names; none is without bound.')
      .argument('<tenant>')
      .option('--daily-cost-usd <dollars>', 'what its jobs may cost in a day, in UTC', orNone(dollars))
      .option('--requests-per-minute <n>', 'requests of the API', count)
      .option('--queued-jobs <n>', 'jobs that are queued or waiting', count)
      .option('--running-jobs <n>', 'jobs that run', count)
      .option('--weight <n>', 'part in the work of batches, in proportion to others', toWeight),
  ).action(limits);
}

function toWeight(value: string): number {
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (number >= 0.001 && number <= 1_000) return number;
  throw new InvalidArgumentError('Expected a number from 0.001 to 1000.');
}

async function limits(tenant: string, options: LimitOptions): Promise<void> {
  const output = createOutput(options.json === true);
  const connection = await connect(options, [], output, { runs: 'nothing' });
  try {
    const { tenants } = connection.client;
    const change = changeOf(options);
    const standing = await tenants.limits(tenant);
    const held =
      Object.keys(change).length === 0
        ? standing
        : await tenants.setLimits(tenant, { ...standing, ...change });
    output.result(held, () => print(output, held));
  } finally {
    await connection.close();
  }
}

function changeOf(options: LimitOptions): Partial<TenantLimits> {
  const { dailyCostUsd, requestsPerMinute, queuedJobs, runningJobs, weight } = options;
  return {
    ...(dailyCostUsd === undefined ? {} : { daily_cost_usd: orNull(dailyCostUsd) }),
    ...(requestsPerMinute === undefined ? {} : { requests_per_minute: orNull(requestsPerMinute) }),
    ...(queuedJobs === undefined ? {} : { queued_jobs: orNull(queuedJobs) }),
    ...(runningJobs === undefined ? {} : { running_jobs: orNull(runningJobs) }),
    ...(weight === undefined ? {} : { weight }),
  };
}

function print(output: Output, held: TenantLimits): void {
  const shown = (limit: number | null | undefined) => (limit == null ? 'without bound' : String(limit));
  output.table(
    ['limit', 'is'],
    [
      ['US dollars a day', shown(held.daily_cost_usd)],
      ['requests a minute', shown(held.requests_per_minute)],
      ['queued jobs', shown(held.queued_jobs)],
      ['running jobs', shown(held.running_jobs)],
      ['weight in batches', String(held.weight ?? 1)],
    ],
  );
}
