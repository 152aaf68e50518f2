import { text } from 'node:stream/consumers';
import type { Job, NewJob } from '@mcp-fleet/client';
import { type Command, Option } from 'commander';
import { connect, type FleetOptions } from '../connect.ts';
import { exitCodes } from '../exit-codes.ts';
import { color, createOutput, duration, type Output, stateLabel } from '../output.ts';
import { withFleetOptions, withServers } from './options.ts';

type Priority = NonNullable<NewJob['priority']>;

const priorities = ['interactive', 'batch'] satisfies Priority[];

interface SubmitOptions extends FleetOptions {
  session?: string;
  newSession?: boolean;
  agent?: string;
  priority?: Priority;
  wait?: boolean;
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
    const session = options.newSession ? (await client.sessions.create()).id : options.session;
    const job = await client.jobs.create(
      {
        query,
        ...(session ? { session_id: session } : {}),
        ...(options.agent ? { agent: options.agent } : {}),
        ...(options.priority ? { priority: options.priority } : {}),
      },
      options.idempotencyKey ? { idempotencyKey: options.idempotencyKey } : {},
    );
    if (!options.wait && connection.own === null) {
      output.result(job, () => printAccepted(output, job));
      return;
    }
    const spinner = output.spin(`${job.id} is running`);
    const ended = await client.jobs.wait(job.id).finally(() => spinner.stop());
    output.result(ended, () => printEnded(output, ended));
    if (ended.state !== 'succeeded') process.exitCode = exitCodes.jobFailed;
  } finally {
    await connection.close();
  }
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
  const session = job.session_id ? ` · ${job.session_id}` : '';
  output.line(color.dim(`${job.id} · ${stateLabel(job.state)} · ${took} · ${calls}${session}`));
}
