import {
  createLogger,
  endProcess,
  readConfigFile,
  readEnvironment,
  type Stoppable,
  untilStopSignal,
} from '@mcp-fleet/runtime';
import type { startWorker } from '@mcp-fleet/worker';
import type { Command } from 'commander';
import { color, createOutput } from '../output.ts';
import { portNumber, wholeNumber } from './options.ts';

interface RoleOptions {
  config?: string;
}

type Role = 'worker' | 'api' | 'reconciler';

const descriptions: Record<Role, string> = {
  worker: 'Runs jobs from QUEUE_URL with the store at STORE_URL.',
  api: 'Serves the HTTP API over STORE_URL and QUEUE_URL.',
  reconciler: 'Puts back into the queue what a crash left behind.',
};

/** The long-lived processes of a fleet by URLs; each logs JSON and ends with SIGTERM. */
export function roleCommands(program: Command): void {
  for (const [role, description] of Object.entries(descriptions) as [Role, string][]) {
    const command = program.command(role).summary(`run one ${role} of a fleet`).description(description);
    if (role !== 'reconciler')
      command.option('--config <file>', 'configuration file with mcpServers and agents');
    command.action((options: RoleOptions) => run(role, options));
  }
  program
    .command('simulate')
    .summary('run the simulated model server')
    .description('Serves the Anthropic Messages API and OpenAI chat completions with simulated answers.')
    .option('--port <port>', 'port', portNumber, 7799)
    .option('--latency <ms>', 'milliseconds before an answer', wholeNumber(0, 600_000), 0)
    .action(simulate);
}

async function run(role: Role, options: RoleOptions): Promise<void> {
  const environment = readEnvironment(process.env);
  const logger = createLogger(role, environment.LOG_LEVEL);
  const path = options.config ?? environment.FLEET_CONFIG;
  const config = path ? readConfigFile(path) : null;
  const stopped = untilStopSignal(logger);
  const started = await start(role, { environment, config, logger, variables: process.env });
  await stopped;
  await started.stop();
  endProcess(logger);
}

/** Each loads what it is made of, and not the others. */
async function start(role: Role, setup: Parameters<typeof startWorker>[0]): Promise<Stoppable> {
  if (role === 'worker') return (await import('@mcp-fleet/worker')).startWorker(setup);
  if (role === 'api') return (await import('@mcp-fleet/api')).startApi(setup);
  return (await import('@mcp-fleet/reconciler')).startReconciler(setup);
}

async function simulate(options: { port: number; latency: number }): Promise<void> {
  const logger = createLogger('simulator', 'silent');
  const output = createOutput(false);
  const stopped = untilStopSignal(logger);
  const { startSimulator } = await import('@mcp-fleet/simulator');
  const simulator = await startSimulator({ port: options.port, latencyMs: options.latency });
  output.line(`${color.green('✓')} The simulator is ready at ${color.cyan(simulator.url)}`);
  output.line(color.dim(`  SIMULATOR_URL=${simulator.url} FLEET_MODEL=simulated fleet worker`));
  await stopped;
  await simulator.stop();
}
