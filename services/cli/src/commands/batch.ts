import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Batch, FleetClient, NewBatch } from '@mcp-fleet/client';
import { FleetError } from '@mcp-fleet/core';
import { type Command, Option } from 'commander';
import { type Connection, connect, type FleetOptions } from '../connect.ts';
import { exitCodes } from '../exit-codes.ts';
import { color, createOutput, type Output } from '../output.ts';
import { batchProgress, endOfBatch, stateOfBatch } from './batch-progress.ts';
import { runBatch } from './batch-run.ts';
import { dollars, wholeNumber, withFleetOptions, withServers } from './options.ts';
import { printEstimate } from './print-estimate.ts';

type Options = FleetOptions & { json?: boolean };

export interface SettingOptions extends Options {
  agent?: string;
  onInvalid: 'reject' | 'skip';
  maxCostUsd?: number;
  maxTokens?: number;
}

/** Jobs that are submitted together, as the lines of a file. */
export function batchCommand(program: Command): void {
  const batch = program
    .command('batch')
    .summary('run the lines of a file as jobs')
    .description('Runs the lines of a file as jobs: each is JSON, {"query": "…"} at least.');
  withServers(
    withSettings(
      batch
        .command('run')
        .description(
          'Runs a file to its end and appends each result as it comes. Run again after an interruption, it goes on where it was.',
        )
        .argument('<file>', 'lines of JSON')
        .requiredOption('--out <results>', 'file that the results are appended to, as lines of JSON'),
    ),
  ).action(run);
  withSettings(
    batch
      .command('submit')
      .description('Uploads a file and lets its lines run.')
      .argument('<file>', 'lines of JSON; - reads them from standard input')
      .option('--watch', 'follow the batch to its end'),
  ).action(submit);
  withSettings(
    batch
      .command('estimate')
      .description('Says what the lines of a file may use, at least and at most. Nothing runs.')
      .argument('<file>', 'lines of JSON; - reads them from standard input'),
  ).action(estimate);
  withBatch(batch.command('watch').description('Follows a batch to its end.')).action(watch);
  withBatch(
    batch
      .command('results')
      .description('Prints the results so far, in the order of lines.')
      .option('--out <file>', 'into a file')
      .addOption(
        new Option('--format <format>', 'how').choices(['jsonl', 'csv']).default('jsonl', 'lines of JSON'),
      ),
  ).action(results);
  withFleetOptions(
    batch
      .command('list')
      .description('Lists batches, newest first.')
      .option('--limit <n>', 'how many', wholeNumber(1, 1000), 20),
  ).action(list);
  withBatch(batch.command('show').description('Shows one batch.')).action((id, options: Options) =>
    act(id, options, (client) => client.batches.get(id)),
  );
  const actions: [string, string, (client: FleetClient, id: string) => Promise<Batch>][] = [
    ['pause', 'Starts no more lines; those that have begun go on.', (client, id) => client.batches.pause(id)],
    ['resume', 'Starts lines again.', (client, id) => client.batches.resume(id)],
    ['cancel', 'Ends every line that has not ended.', (client, id) => client.batches.cancel(id)],
    [
      'retry-failed',
      'Runs lines that failed or expired once more.',
      (client, id) => client.batches.retryFailed(id),
    ],
  ];
  for (const [name, description, work] of actions) {
    withBatch(batch.command(name).description(description)).action((id, options: Options) =>
      act(id, options, (client) => work(client, id)),
    );
  }
  withBatch(batch.command('delete').description('Deletes an ended batch with its results.')).action(erase);
}

const withBatch = (command: Command) => withFleetOptions(command.argument('<batch>'));

function withSettings(command: Command): Command {
  return withFleetOptions(
    command
      .option('--agent <name>', 'agent of lines that name none')
      .addOption(
        new Option('--on-invalid <choice>', 'what lines that are not valid mean')
          .choices(['reject', 'skip'])
          .default('reject', 'reject: nothing runs'),
      )
      .option('--max-cost-usd <dollars>', 'what all lines may cost; the batch pauses then', dollars)
      .option(
        '--max-tokens <n>',
        'tokens in and out of all lines, likewise',
        wholeNumber(1, 1_000_000_000_000),
      ),
  );
}

/** The batch that the options ask for. */
export function settingsOf(options: SettingOptions): NewBatch {
  return {
    on_invalid: options.onInvalid,
    ...(options.agent ? { agent: options.agent } : {}),
    ...(options.maxCostUsd === undefined ? {} : { max_cost_usd: options.maxCostUsd }),
    ...(options.maxTokens === undefined ? {} : { max_tokens: options.maxTokens }),
  };
}

async function withConnection(
  options: Options & { server?: string[] },
  runs: 'jobs' | 'nothing',
  work: (connection: Connection, output: Output) => Promise<void>,
): Promise<void> {
  const output = createOutput(options.json === true);
  const connection = await connect(options, options.server ?? [], output, { runs });
  try {
    await work(connection, output);
  } finally {
    await connection.close();
  }
}

function run(file: string, options: SettingOptions & { out: string; server?: string[] }): Promise<void> {
  return withConnection(options, 'jobs', async ({ client }, output) => {
    const batch = await runBatch(client, file, options.out, settingsOf(options), output);
    finish(batch, output, `results in ${options.out}`);
  });
}

function submit(file: string, options: SettingOptions & { watch?: boolean }): Promise<void> {
  return withConnection(options, 'jobs', async ({ client, own }, output) => {
    const lines = await linesOf(file);
    const bar = batchProgress(output);
    const batch = await client.batches
      .create({ ...settingsOf(options), lines, onUpload: bar.uploaded })
      .finally(() => bar.stop());
    for (const { line, message } of batch.invalid_lines) output.warn(`line ${line} is left out: ${message}`);
    // A fleet that this command started ends with it.
    if (options.watch || own !== null) return follow(client, batch.id, output);
    output.result(batch, () => {
      output.line(`${color.green('✓')} ${batch.lines} lines accepted as ${color.bold(batch.id)}`);
      output.line(color.dim(`  fleet batch watch ${batch.id}`));
    });
  });
}

function estimate(file: string, options: SettingOptions): Promise<void> {
  return withConnection(options, 'nothing', async ({ client }, output) => {
    const { on_invalid, ...query } = settingsOf(options);
    const estimated = await client.batches.estimate({ ...query, lines: await linesOf(file) });
    output.result(estimated, () =>
      printEstimate(output, `${estimated.lines} lines`, estimated.models, estimated),
    );
    for (const { line, message } of estimated.invalid_lines) output.warn(`line ${line}: ${message}`);
    if (estimated.invalid > 0 && on_invalid === 'reject') {
      throw new FleetError(
        'batch_invalid',
        `${estimated.invalid} of ${estimated.lines + estimated.invalid} lines are not valid, so that none would run (--on-invalid skip leaves them out).`,
      );
    }
  });
}

const linesOf = async (file: string): Promise<AsyncIterable<Uint8Array>> =>
  file === '-' ? process.stdin : (await open(file)).createReadStream();

function watch(id: string, options: Options): Promise<void> {
  return withConnection(options, 'jobs', ({ client }, output) => follow(client, id, output));
}

async function follow(client: FleetClient, id: string, output: Output): Promise<void> {
  const bar = batchProgress(output);
  const batch = await client.batches.wait(id, { onProgress: bar.moved }).finally(() => bar.stop());
  finish(batch, output, `fleet batch results ${id}`);
}

function finish(batch: Batch, output: Output, where: string): void {
  output.result(batch, () => {
    for (const line of endOfBatch(batch)) output.line(line);
    output.line(color.dim(`  ${where}`));
  });
  if (batch.counts.succeeded !== batch.lines) process.exitCode = exitCodes.jobFailed;
}

function results(id: string, options: Options & { out?: string; format: 'jsonl' | 'csv' }): Promise<void> {
  return withConnection(options, 'nothing', async ({ client }, output) => {
    const { body } = await client.batches.download(id, { format: options.format });
    const text = Readable.fromWeb(body as never);
    if (options.out === undefined) await pipeline(text, process.stdout, { end: false });
    else {
      await pipeline(text, createWriteStream(options.out));
      output.line(`${color.green('✓')} ${options.out}`);
    }
  });
}

function list(options: Options & { limit: number }): Promise<void> {
  return withConnection(options, 'nothing', async ({ client }, output) => {
    const page = await client.batches.list({ limit: options.limit });
    output.result(page, () => {
      if (page.data.length === 0) return output.line('No batches.');
      const rows = page.data.map((batch) => [
        batch.id,
        stateOfBatch(batch.state),
        `${batch.progress.ended}/${batch.lines}`,
        String(batch.counts.errored),
        batch.created_at,
      ]);
      output.table(['batch', 'state', 'ended', 'failed', 'created'], rows);
    });
  });
}

function act(id: string, options: Options, work: (client: FleetClient) => Promise<Batch>): Promise<void> {
  return withConnection(options, 'nothing', async ({ client }, output) => {
    const batch = await work(client);
    output.result(batch, () => {
      output.line(
        `${color.bold(id)} is ${stateOfBatch(batch.state)}${batch.pause_reason ? `: ${batch.pause_reason}` : ''}`,
      );
      for (const line of endOfBatch(batch)) output.line(line);
    });
  });
}

function erase(id: string, options: Options): Promise<void> {
  return withConnection(options, 'nothing', async ({ client }, output) => {
    const deleted = await client.batches.delete(id);
    output.result(deleted, () => output.line(`${color.green('✓')} ${id} is deleted`));
  });
}
