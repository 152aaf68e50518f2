import { resolve } from 'node:path';
import { FleetClient, type Job } from '@mcp-fleet/client';
import { createLogger, readEnvironment } from '@mcp-fleet/runtime';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import type { RunningFleet } from '../embed/start-fleet.ts';
import { color, createOutput, duration, type Output } from '../output.ts';
import { printStep } from './jobs.ts';

const crowd = { jobs: 50, sessions: 10 };

export function demoCommand(program: Command): void {
  program
    .command('demo')
    .summary('see it work, without any key')
    .description(
      'Runs a fleet in this process, a conversation with real tools, and 50 queries at once; then ends.',
    )
    .option('--data <folder>', 'data folder', '.fleet/demo')
    .action(demo);
}

async function demo(options: { data: string }): Promise<void> {
  const output = createOutput(false);
  const started = performance.now();
  const folder = resolve(options.data);
  const spinner = output.spin('Starting store, queue, worker and tool server');
  const { startFleet } = await import('../embed/start-fleet.ts');
  const { mathServer } = await import('./math-server.ts');
  const fleet = await startFleet({
    environment: readEnvironment({ ...process.env, QUEUE_URL: undefined, STORE_URL: undefined }),
    config: null,
    servers: { math: mathServer() },
    logger: createLogger('demo', process.env.LOG_LEVEL ?? 'silent'),
    port: 0,
    folder,
    variables: process.env,
    runs: 'jobs',
  }).finally(() => spinner.stop());
  try {
    introduce(output, fleet, performance.now() - started);
    const client = new FleetClient({ url: fleet.url });
    await converse(output, client);
    await runCrowd(output, client);
    output.line(color.bold('\n3. What is left'));
    output.line(`   ${folder} holds every job, message and tool result. Look at them:`);
    output.line(color.cyan(`   npx fleet sessions list --data ${options.data}`));
    output.line(color.cyan(`   npx fleet jobs list --data ${options.data}`));
    output.line('   Then try:');
    output.line(color.cyan('   npx fleet chat services/mcp-math/src/main.ts'));
    output.line(color.cyan('   ANTHROPIC_API_KEY=… npx fleet up --config examples/fleet.json'));
  } finally {
    await fleet.stop();
  }
  output.line(color.dim(`\nDone in ${duration(performance.now() - started)}.`));
}

function introduce(output: Output, fleet: RunningFleet, ms: number): void {
  output.line(
    `${color.green('✓')} ${color.bold('A whole fleet runs in this process')} ${color.dim(duration(ms))}`,
  );
  output.line(`   queue and store  PostgreSQL in the process (PGlite)`);
  output.line(
    `   tools            ${fleet.servers.map((s) => `${s.name}, ${s.tools} tools over stdio`).join('; ')}`,
  );
  const model = fleet.simulated
    ? color.yellow('simulated: a stand-in that plans tool calls, no key needed')
    : fleet.model;
  output.line(`   model            ${model}`);
}

async function converse(output: Output, client: FleetClient): Promise<void> {
  output.line(color.bold('\n1. A conversation with a tool, and one that needs the memory of it'));
  const session = await client.sessions.create();
  for (const query of [
    'What is the compound interest for P=1000, r=0.05, n=4, t=2?',
    'And for 5 years, everything else as before?',
  ]) {
    output.line(`\n   ${color.bold('you')}  ${query}`);
    const accepted = await client.jobs.create({ query, session_id: session.id });
    const job = await client.jobs.wait(accepted.id);
    for (const step of await client.jobs.steps(job.id)) printStep(output, step);
    refuseFailure(job);
    output.line(color.dim(`   ${job.id} · ${took(job)} · turn ${job.turn} of ${session.id}`));
  }
}

async function runCrowd(output: Output, client: FleetClient): Promise<void> {
  output.line(
    color.bold(`\n2. ${crowd.jobs} queries at once over ${crowd.sessions} sessions, each session in order`),
  );
  const sessions = await Promise.all(Array.from({ length: crowd.sessions }, () => client.sessions.create()));
  const bar = new SingleBar({
    format: '   {bar} {value}/{total} jobs',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    noTTYOutput: false,
  });
  const begun = performance.now();
  if (output.live) bar.start(crowd.jobs, 0);
  const accepted = await Promise.all(
    Array.from({ length: crowd.jobs }, (_, n) => {
      const session = sessions[n % crowd.sessions];
      return client.jobs.create({ query: `What is ${n + 2} * ${n + 3}?`, session_id: session?.id ?? '' });
    }),
  );
  const jobs = await Promise.all(
    accepted.map(async ({ id }) => {
      const job = await client.jobs.wait(id);
      if (output.live) bar.increment();
      return job;
    }),
  );
  bar.stop();
  for (const job of jobs) refuseFailure(job);
  const seconds = (performance.now() - begun) / 1000;
  const calls = jobs.reduce((sum, job) => sum + (job.usage?.tool_calls ?? 0), 0);
  const rate = (crowd.jobs / seconds).toFixed(0);
  output.line(
    `   ${color.green('✓')} ${crowd.jobs} jobs, ${calls} tool calls in ${seconds.toFixed(2)} s (${rate} jobs/s)`,
  );
  const last = jobs.at(-1);
  output.line(color.dim(`   the last one: ${last?.answer}`));
}

function refuseFailure(job: Job): void {
  if (job.state !== 'succeeded')
    throw new Error(`${job.id} ended as ${job.state}: ${job.error?.message ?? ''}`);
}

function took(job: Job): string {
  return duration(Date.parse(job.ended_at ?? job.created_at) - Date.parse(job.created_at));
}
