import type { JobFilter, JobState } from '@mcp-fleet/client';
import { FleetError, jobStates } from '@mcp-fleet/core';
import { type Command, Option } from 'commander';
import { type Connection, connect, type FleetOptions } from '../connect.ts';
import { color, createOutput, stateLabel } from '../output.ts';
import { withFleetOptions } from './options.ts';

interface ActionOptions extends FleetOptions {
  state?: JobState;
  session?: string;
  error?: string;
  all?: boolean;
  from?: 'tail' | 'scratch';
  batch?: string;
  json?: boolean;
}

/** `fleet jobs cancel` and `fleet jobs replay`, of named jobs or of all that a filter names. */
export function jobActions(jobs: Command): void {
  withFilter(jobs.command('cancel').description('Cancels jobs. Those that run stop at once.')).action(
    (ids: string[], options: ActionOptions) => act(ids, options, cancel),
  );
  withFilter(
    jobs
      .command('replay')
      .description('Repeats ended jobs as new ones. With a filter and no --state: those that failed.')
      .addOption(
        new Option('--from <where>', 'tail: behind the last recorded step; scratch: from the query')
          .choices(['tail', 'scratch'])
          .default('tail'),
      )
      .option('--batch <id>', 'lines of this batch that failed or expired, anew and within the batch'),
  ).action((ids: string[], options: ActionOptions) => act(ids, options, replay));
}

function withFilter(command: Command): Command {
  return withFleetOptions(
    command
      .argument('[ids...]', 'jobs; without any, those that the filter names')
      .addOption(new Option('--state <state>', 'all jobs in this state').choices(jobStates))
      .option('--session <id>', 'all jobs of this session')
      .option('--error <type>', 'all jobs that failed with this error, such as poisoned')
      .option('--all', 'all jobs'),
  );
}

type Act = (
  connection: Connection,
  ids: string[],
  filter: JobFilter,
  options: ActionOptions,
) => Promise<string[]>;

async function act(ids: string[], options: ActionOptions, run: Act): Promise<void> {
  const output = createOutput(options.json === true);
  const filter: JobFilter = {
    ...(options.state ? { state: options.state } : {}),
    ...(options.session ? { session_id: options.session } : {}),
    ...(options.error ? { error: options.error } : {}),
  };
  const named = ids.length > 0 || Object.keys(filter).length > 0 || options.all;
  if (named && options.batch) {
    throw new FleetError('invalid_request', '--batch names all that it replays. Leave ids and filters out.');
  }
  if (!named && !options.batch) {
    const message = 'Name jobs by their ids, or say which: --state, --session, --error, or --all.';
    throw new FleetError('invalid_request', message);
  }
  const connection = await connect(options, [], output, { runs: 'nothing' });
  try {
    const lines = await run(connection, ids, filter, options);
    output.result({ done: lines.length, lines }, () => {
      for (const line of lines) output.line(line);
    });
  } finally {
    await connection.close();
  }
}

const cancel: Act = async ({ client }, ids, filter) => {
  if (ids.length === 0) {
    const { canceled } = await client.jobs.cancelMany(filter);
    return [`${color.green('✓')} canceled ${canceled} jobs`];
  }
  const jobs = await Promise.all(ids.map((id) => client.jobs.cancel(id)));
  return jobs.map((job) => `${job.id} is ${stateLabel(job.state)}`);
};

const replay: Act = async ({ client }, ids, filter, { from, batch }) => {
  if (batch) {
    const { counts } = await client.batches.retryFailed(batch);
    return [`${color.green('✓')} ${counts.waiting} lines of ${batch} wait to run again`];
  }
  if (ids.length === 0) {
    const { jobs } = await client.jobs.replayMany(filter, from);
    return [`${color.green('✓')} replayed ${jobs.length} jobs`, ...jobs];
  }
  const jobs = await Promise.all(ids.map((id) => client.jobs.replay(id, from)));
  return jobs.map((job) => `${color.green('✓')} ${job.id} repeats ${job.replay_of}`);
};
