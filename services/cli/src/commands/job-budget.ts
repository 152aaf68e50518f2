import type { Job } from '@mcp-fleet/client';
import { FleetError } from '@mcp-fleet/core';
import type { Command } from 'commander';
import { connect, type FleetOptions } from '../connect.ts';
import { color, createOutput } from '../output.ts';
import { dollars, orNone, orNull, wholeNumber, withFleetOptions } from './options.ts';

interface BudgetOptions extends FleetOptions {
  maxCostUsd?: number | 'none';
  maxTokens?: number | 'none';
  json?: boolean;
}

/** `fleet jobs budget`. */
export function jobBudget(jobs: Command): void {
  withFleetOptions(
    jobs
      .command('budget')
      .description('Raises what a job may use. One that waits for its budget goes on.')
      .argument('<id>')
      .option('--max-cost-usd <dollars>', 'what it may cost in all, or none for no limit', orNone(dollars))
      .option(
        '--max-tokens <n>',
        'tokens in and out that it may use in all, or none for no limit',
        orNone(wholeNumber(0, 1_000_000_000_000)),
      ),
  ).action(raise);
}

async function raise(id: string, { maxCostUsd, maxTokens, ...options }: BudgetOptions): Promise<void> {
  if (maxCostUsd === undefined && maxTokens === undefined) {
    throw new FleetError(
      'invalid_request',
      'Say what the job may use: --max-cost-usd, --max-tokens, or both.',
    );
  }
  const output = createOutput(options.json === true);
  // A fleet that this command started would end before the job that is now due.
  const connection = await connect(options, [], output, { runs: 'nothing' });
  try {
    const job = await connection.client.jobs.raiseBudget(id, {
      ...(maxCostUsd === undefined ? {} : { max_cost_usd: orNull(maxCostUsd) }),
      ...(maxTokens === undefined ? {} : { max_tokens: orNull(maxTokens) }),
    });
    output.result(job, () => output.line(`${color.green('✓')} ${id} may use ${limitsOf(job)}`));
  } finally {
    await connection.close();
  }
}

function limitsOf({ budget }: Job): string {
  const limits = [
    ...(budget?.max_cost_usd == null ? [] : [`$${budget.max_cost_usd}`]),
    ...(budget?.max_tokens == null ? [] : [`${budget.max_tokens} tokens`]),
  ];
  return limits.length === 0 ? 'what it likes' : limits.join(' and ');
}
