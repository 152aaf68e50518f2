import { resolve } from 'node:path';
import {
  createLogger,
  endProcess,
  readConfigFile,
  readEnvironment,
  untilStopSignal,
} from '@mcp-fleet/runtime';
import type { Command } from 'commander';
import type { RunningFleet } from '../embed/start-fleet.ts';
import { color, createOutput, type Output } from '../output.ts';
import { portNumber, withServers } from './options.ts';

interface UpOptions {
  port?: number;
  data?: string;
  config?: string;
  model?: string;
  server?: string[];
  json?: boolean;
}

export function upCommand(program: Command): void {
  const command = program
    .command('up')
    .summary('run a whole fleet in one process')
    .description(
      'Runs api, worker, reconciler, store and queue in one process. Without QUEUE_URL and STORE_URL, all data is kept in the data folder. Ends with Ctrl-C.',
    )
    .option('--port <port>', 'port of the HTTP API (default: API_PORT, else 7717)', portNumber)
    .option('--data <folder>', 'data folder (default: .fleet)')
    .option('--config <file>', 'configuration file with mcpServers and agents')
    .option('--model <name>', 'model of agents that name none')
    .option('--json', 'print JSON for programs');
  withServers(command).action(up);
}

async function up(options: UpOptions): Promise<void> {
  const output = createOutput(options.json === true);
  const environment = readEnvironment({
    ...process.env,
    ...(options.model ? { FLEET_MODEL: options.model } : {}),
  });
  const config = options.config ?? environment.FLEET_CONFIG;
  // On a terminal the log would hide what matters, unless it was asked for.
  const level = process.env.LOG_LEVEL ?? (process.stdout.isTTY ? 'warn' : environment.LOG_LEVEL);
  const logger = createLogger('fleet', level);
  const stopped = untilStopSignal(logger);
  const { startFleet } = await import('../embed/start-fleet.ts');
  const { serverFromPath } = await import('@mcp-fleet/tools');
  const fleet = await startFleet({
    environment,
    config: config ? readConfigFile(config) : null,
    servers: Object.fromEntries(
      (options.server ?? []).map((path) => serverFromPath(path, process.env)).map((s) => [s.name, s.config]),
    ),
    logger,
    port: options.port ?? environment.API_PORT,
    folder: resolve(options.data ?? environment.FLEET_DATA),
    variables: process.env,
    runs: 'jobs',
    keys: environment.API_KEYS,
  });
  const { url, model, topology } = fleet;
  output.result({ url, model, topology, pid: process.pid }, () => printReady(output, fleet));
  await stopped;
  output.line('Stopping: jobs in flight end their step, the rest is kept.');
  await fleet.stop();
  endProcess(logger);
}

function printReady(output: Output, fleet: RunningFleet): void {
  output.line(`${color.green('✓')} ${color.bold('The fleet is ready')} at ${color.cyan(fleet.url)}`);
  const simulated = fleet.simulated
    ? color.yellow('  (simulated answers; set ANTHROPIC_API_KEY or OPENAI_API_KEY)')
    : '';
  output.line(`  dashboard ${color.cyan(`${fleet.url}/dashboard/`)}`);
  output.line(`  model     ${fleet.model}${simulated}`);
  output.line(`  data      ${fleet.topology}`);
  for (const server of fleet.servers) output.line(`  tools     ${serverLine(server)}`);
  if (fleet.servers.length === 0) output.line(`  tools     none; add servers with --config or --server`);
  output.line(
    color.dim(
      '  It answers on this machine only and asks for no key. Try: fleet submit "What is 6 times 7?" --wait',
    ),
  );
}

function serverLine(server: RunningFleet['servers'][number]): string {
  if (server.state === 'ready') return `${server.name}: ${server.tools} tools`;
  return `${server.name}: ${color.red(server.error ?? server.state)}`;
}
