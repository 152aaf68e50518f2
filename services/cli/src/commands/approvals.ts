import type { Approval, ApprovalDecision } from '@mcp-fleet/client';
import { type Command, InvalidArgumentError } from 'commander';
import { connect, type FleetOptions } from '../connect.ts';
import { color, createOutput, shorten } from '../output.ts';
import { wholeNumber, withFleetOptions } from './options.ts';

type Options = FleetOptions & { json?: boolean };

/** Tool calls that wait for a person. */
export function approvalsCommand(program: Command): void {
  const approvals = program
    .command('approvals')
    .summary('answer tool calls that wait for approval')
    .description('Tool calls whose configuration asks for approval; their jobs wait without a worker.');
  withFleetOptions(
    approvals
      .command('list')
      .description('Lists those that can still be decided.')
      .option('--all', 'those that were decided or have expired as well')
      .option('--limit <n>', 'how many', wholeNumber(1, 1000), 20),
  ).action(list);
  const withCall = (command: Command) =>
    withFleetOptions(command.argument('<job>').argument('<call>', 'id of the tool call')).option(
      '--by <name>',
      'who decides, for the record',
    );
  withCall(approvals.command('approve').description('Lets a call be sent.'))
    .option('--input <json>', 'arguments to send instead of those that the model asked for', toInput)
    .action(approve);
  withCall(approvals.command('deny').description('Refuses a call; the model is told.'))
    .option('--reason <text>', 'why, in words for the model')
    .action(deny);
}

function toInput(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Said below, as for a value that is no object.
  }
  throw new InvalidArgumentError('Expected a JSON object.');
}

async function list(options: Options & { all?: boolean; limit: number }): Promise<void> {
  const output = createOutput(options.json === true);
  const connection = await connect(options, [], output, { runs: 'nothing' });
  try {
    const page = await connection.client.approvals.list({
      limit: options.limit,
      ...(options.all ? {} : { pending: true }),
    });
    output.result(page, () => {
      if (page.data.length === 0) output.line('Nothing waits for approval.');
      else {
        const rows = page.data.map((each) => [
          each.job_id,
          each.tool_use_id,
          each.tool,
          shorten(JSON.stringify(each.input), 60),
          each.state === 'pending' ? `until ${each.expires_at}` : each.state,
        ]);
        output.table(['job', 'call', 'tool', 'arguments', 'state'], rows);
      }
    });
  } finally {
    await connection.close();
  }
}

type DecideOptions = Options & { by?: string };

const by = (name: string | undefined) => (name === undefined ? {} : { decided_by: name });

function approve(
  job: string,
  call: string,
  options: DecideOptions & { input?: Record<string, unknown> },
): Promise<void> {
  const edited = options.input === undefined ? {} : { input: options.input };
  return decide(job, call, { decision: 'approve', ...edited, ...by(options.by) }, options);
}

function deny(job: string, call: string, options: DecideOptions & { reason?: string }): Promise<void> {
  const { reason = '' } = options;
  return decide(job, call, { decision: 'deny', reason, ...by(options.by) }, options);
}

async function decide(
  job: string,
  call: string,
  decision: ApprovalDecision,
  options: Options,
): Promise<void> {
  const output = createOutput(options.json === true);
  // A fleet that this command started would end before the job that is now due.
  const connection = await connect(options, [], output, { runs: 'nothing' });
  try {
    const approval: Approval = await connection.client.approvals.decide(job, call, decision);
    output.result(approval, () =>
      output.line(`${color.green('✓')} ${approval.tool} is ${approval.state}; job ${job} goes on`),
    );
  } finally {
    await connection.close();
  }
}
