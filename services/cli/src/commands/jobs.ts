import type { ContentBlock, Job, JobState, Step } from '@mcp-fleet/client';
import { fromUsd, jobStates, usdText } from '@mcp-fleet/core';
import { type Command, Option } from 'commander';
import { connect, type FleetOptions } from '../connect.ts';
import {
  color,
  createOutput,
  duration,
  type Output,
  shorten,
  shortfallOf,
  stateLabel,
  waiting,
} from '../output.ts';
import { jobActions } from './job-actions.ts';
import { jobBudget } from './job-budget.ts';
import { wholeNumber, withFleetOptions } from './options.ts';
import { printEnded } from './submit.ts';

interface ListOptions extends FleetOptions {
  state?: JobState;
  session?: string;
  error?: string;
  limit: number;
  json?: boolean;
}

export function jobsCommand(program: Command): void {
  const jobs = program
    .command('jobs')
    .summary('look at jobs, cancel and replay them')
    .description('Looks at jobs, cancels and replays them.');
  withFleetOptions(
    jobs
      .command('list')
      .description('Lists jobs, newest first.')
      .addOption(new Option('--state <state>', 'only jobs in this state').choices(jobStates))
      .option('--session <id>', 'only jobs of this session')
      .option('--error <type>', 'only jobs that failed with this error, such as poisoned')
      .option('--limit <n>', 'how many', wholeNumber(1, 1000), 20),
  ).action(list);
  withFleetOptions(jobs.command('show').description('Shows one job with its steps.').argument('<id>')).action(
    show,
  );
  jobActions(jobs);
  jobBudget(jobs);
}

async function list(options: ListOptions): Promise<void> {
  const output = createOutput(options.json === true);
  const connection = await connect(options, [], output, { runs: 'nothing' });
  try {
    const page = await connection.client.jobs.list({
      limit: options.limit,
      ...(options.state ? { state: options.state } : {}),
      ...(options.session ? { session_id: options.session } : {}),
      ...(options.error ? { error: options.error } : {}),
    });
    // What is left of the line beside id, state and time, for query and answer.
    const width = Math.max(16, Math.floor((output.columns - 56) / 2));
    output.result(page, () => {
      if (page.data.length === 0)
        output.line('No jobs yet. Submit one: fleet submit "What is 6 times 7?" --wait');
      else
        output.table(
          ['job', 'state', 'took', 'query', 'answer'],
          page.data.map((job) => row(job, width)),
        );
      if (page.has_more) output.line(color.dim('There are more; --limit shows up to 1000.'));
    });
  } finally {
    await connection.close();
  }
}

function row(job: Job, width: number): string[] {
  const took = job.ended_at ? duration(Date.parse(job.ended_at) - Date.parse(job.created_at)) : '';
  const end = job.error ? color.red(job.error.type) : (job.answer ?? job.wait?.reason ?? '');
  return [job.id, stateLabel(job.state), took, shorten(plain(job.query), width), shorten(end, width)];
}

async function show(id: string, options: FleetOptions & { json?: boolean }): Promise<void> {
  const output = createOutput(options.json === true);
  const connection = await connect(options, [], output, { runs: 'nothing' });
  try {
    const [job, steps] = await Promise.all([
      connection.client.jobs.get(id),
      connection.client.jobs.steps(id),
    ]);
    output.result({ ...job, steps }, () => {
      output.line(`${color.bold('query')}  ${plain(job.query)}`);
      for (const step of steps) printStep(output, step);
      output.line();
      if (job.ended_at) printEnded(output, job);
      else {
        output.line(job.wait ? `${job.id} is ${waiting(job.wait)}` : `${job.id} is ${stateLabel(job.state)}`);
        for (const line of shortfallOf(job)) output.line(color.dim(`  ${line}`));
      }
    });
  } finally {
    await connection.close();
  }
}

/** Prints a recorded step on a few lines. */
export function printStep(output: Output, step: Step): void {
  const took = color.dim(duration(step.duration_ms));
  if (step.type === 'tool_result') {
    const mark = step.outcome === 'ok' ? color.green('←') : color.red('←');
    output.line(`  ${mark} ${step.tool} ${took} ${shorten(plain(step.content), 200)}`);
    return;
  }
  const text = plain(step.content);
  if (step.type === 'joined_query') {
    output.line(`  ${color.bold('+')} ${text} ${color.dim(step.jobs.join(', '))}`);
    return;
  }
  const cost = step.cost_usd === null ? '' : color.dim(` ${usdText(fromUsd(step.cost_usd))}`);
  if (text) output.line(`  ${color.cyan('●')} ${took}${cost} ${text}`);
  for (const block of step.content.filter((b) => b.type === 'tool_use')) {
    output.line(`  ${color.yellow('→')} ${String(block.name)} ${color.dim(JSON.stringify(block.input))}`);
  }
}

/** The text of content, for people. */
export function plain(content: string | ContentBlock[]): string {
  if (typeof content === 'string') return content;
  return content
    .filter((block) => block.type === 'text')
    .map((block) => String(block.text))
    .join('\n');
}
