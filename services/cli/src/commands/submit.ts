import { text } from 'node:stream/consumers';
import type { FleetClient, Job, NewJob } from '@mcp-fleet/client';
import { type Command, Option } from 'commander';
import { connect, type FleetOptions } from '../connect.ts';
import { exitCodes } from '../exit-codes.ts';
import { color, costOfJob, createOutput, duration, type Output, shortfallOf, stateLabel } from '../output.ts';
import { dollars, wholeNumber, withFleetOptions, withServers } from './options.ts';
import { printEstimate } from './print-estimate.ts';

type Priority = NonNullable<NewJob['priority']>;

const priorities = ['interactive', 'batch'] satisfies Priority[];

interface SubmitOptions extends FleetOptions {
  session?: string;
  newSession?: boolean;
  agent?: string;
  priority?: Priority;
  wait?: boolean;
  estimate?: boolean;
  maxCostUsd?: number;
  maxTokens?: number;
  server?: string[];
  idempotencyKey?: string;
  json?: boolean;
}

export function submitCommand(program: Command): void {
  const command = program
    .command('submit')
    .summary('submit a query')
    .description('Submits a query as a job. With --wait, prints the answer.')
    .argument('<query>', 'what the agent is to do; - reads it from standard input')
    .option('--session <id>', 'session that the query belongs to')
    .option('--new-session', 'begin a session with this query')
    .option('--agent <name>', 'agent that answers')
    .option('--max-cost-usd <dollars>', 'what it may cost; it waits rather than cost more', dollars)
    .option('--max-tokens <n>', 'tokens in and out that it may use', wholeNumber(0, 1_000_000_000_000))
    .option('--estimate', 'only say what it may use')
    .addOption(
      new Option('--priority <lane>', 'batch: behind no query, and ahead of none').choices(priorities),
    )
    .option('--wait', 'wait for the end and print the answer')
    .option('--idempotency-key <key>', 'submitting again with this key does not make a second job');
  withFleetOptions(withServers(command, 'MCP server (.py, .js, .ts) to run the job with; repeatable')).action(
    submit,
  );
}

async function submit(argument: string, options: SubmitOptions): Promise<void> {
  const output = createOutput(options.json === true);
  const query = argument === '-' ? await text(process.stdin) : argument;
  const connection = await connect(options, options.server ?? [], output);
  try {
    const { client } = connection;
    const asked = {
      query,
      ...(options.session ? { session_id: options.session } : {}),
      ...(options.agent ? { agent: options.agent } : {}),
      ...(options.maxCostUsd === undefined ? {} : { max_cost_usd: options.maxCostUsd }),
      ...(options.maxTokens === undefined ? {} : { max_tokens: options.maxTokens }),
    };
    if (options.estimate) {
      const estimate = await client.jobs.estimate(asked);
      output.result(estimate, () => printEstimate(output, estimate.model, [estimate.model], estimate));
      return;
    }
    const session = options.newSession ? { session_id: (await client.sessions.create()).id } : {};
    const job = await client.jobs.create(
      { ...asked, ...session, ...(options.priority ? { priority: options.priority } : {}) },
      options.idempotencyKey ? { idempotencyKey: options.idempotencyKey } : {},
    );
    if (!options.wait && connection.own === null) {
      output.result(job, () => printAccepted(output, job));
      return;
    }
    const spinner = output.spin(`${job.id} is running`);
    const ended = await untilEndOrBudget(client, job).finally(() => spinner.stop());
    output.result(ended, () => (ended.ended_at ? printEnded(output, ended) : printShort(output, ended)));
    if (ended.state !== 'succeeded') process.exitCode = exitCodes.jobFailed;
  } finally {
    await connection.close();
  }
}

/** A job that waits for its budget waits for a person, who is told. */
async function untilEndOrBudget(client: FleetClient, { id, budget }: Job): Promise<Job> {
  if (budget === null) return client.jobs.wait(id);
  for (;;) {
    const job = await client.jobs.get(id, { wait: 1 });
    if (job.ended_at !== null || job.budget?.shortfall) return job;
  }
}

function printShort(output: Output, job: Job): void {
  output.line(`${color.yellow('!')} ${job.id} waits for its budget`);
  for (const line of shortfallOf(job)) output.line(color.dim(`  ${line}`));
}

function printAccepted(output: Output, job: Job): void {
  output.line(`${color.green('✓')} accepted ${color.bold(job.id)}`);
  output.line(color.dim(`  fleet jobs show ${job.id}`));
}

/** Prints an ended job: its answer, or why there is none. */
export function printEnded(output: Output, job: Job): void {
  if (job.state === 'succeeded') output.line(job.answer ?? '');
  else output.line(`${color.red('✗')} ${job.error?.type ?? job.state}: ${job.error?.message ?? ''}`);
  const took = job.ended_at ? duration(Date.parse(job.ended_at) - Date.parse(job.created_at)) : '';
  const calls = job.usage ? `${job.usage.model_calls} model, ${job.usage.tool_calls} tool calls` : '';
  const cost = job.usage ? ` · ${costOfJob(job)}` : '';
  const session = job.session_id ? ` · ${job.session_id}` : '';
  output.line(color.dim(`${job.id} · ${stateLabel(job.state)} · ${took} · ${calls}${cost}${session}`));
}
