import { resolve } from 'node:path';
import {
  defaultModel,
  type Environment,
  folderOwner,
  hasEmbeddedPostgres,
  parseAgents,
  parsePrices,
  readConfigFile,
  readEnvironment,
} from '@mcp-fleet/runtime';
import type { Command } from 'commander';
import { clientOf } from '../connect.ts';
import { exitCodes } from '../exit-codes.ts';
import { color, createOutput } from '../output.ts';
import { withServers } from './options.ts';

interface DoctorOptions {
  data?: string;
  config?: string;
  server?: string[];
  json?: boolean;
}

interface Finding {
  part: string;
  ok: boolean;
  detail: string;
  /** What works but is not set up to last. */
  warnings?: string[];
}

/** What was seen of a part: what is well, and what works but is not set up to last. */
type Look = () => Promise<string | Omit<Finding, 'part' | 'ok'>> | string;

export function doctorCommand(program: Command): void {
  const command = program
    .command('doctor')
    .summary('say what is reachable, what is not, and what to do')
    .description('Checks the environment, the configuration, store, queue, model and tool servers.')
    .option('--data <folder>', 'data folder of the embedded fleet (default: .fleet)')
    .option('--config <file>', 'configuration file with mcpServers and agents')
    .option('--json', 'print JSON for programs');
  withServers(command, 'MCP server (.py, .js, .ts) to try; repeatable').action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const output = createOutput(options.json === true);
  const environment = readEnvironment(process.env);
  const findings: Finding[] = [];
  const examine = async (part: string, look: Look) => {
    try {
      const seen = await look();
      findings.push({ part, ok: true, ...(typeof seen === 'string' ? { detail: seen } : seen) });
    } catch (thrown) {
      findings.push({ part, ok: false, detail: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  };
  await examine('node', () => process.version);
  if (environment.STORE_URL) await examine('store', () => examineStore(environment));
  if (environment.QUEUE_URL) await examine('queue', () => examineQueue(environment.QUEUE_URL as string));
  if (!environment.STORE_URL || !environment.QUEUE_URL) {
    await examine('data', () => examineFolder(resolve(options.data ?? environment.FLEET_DATA)));
  }
  await examine('model', () => describeModel(environment));
  await examineTools(options, environment, examine);

  const healthy = findings.every((finding) => finding.ok);
  output.result({ healthy, findings }, () => {
    for (const { part, ok, detail, warnings = [] } of findings) {
      output.line(`${ok ? color.green('✓') : color.red('✗')} ${part.padEnd(10)} ${detail}`);
      for (const warning of warnings) output.line(`${color.yellow('!')} ${part.padEnd(10)} ${warning}`);
    }
  });
  if (!healthy) process.exitCode = exitCodes.unavailable;
}

async function examineStore(environment: Environment): Promise<Omit<Finding, 'part' | 'ok'>> {
  const { STORE_URL: url = '', FLEET_ENCRYPTION_KEYS: keys } = environment;
  const { openStore } = await import('@mcp-fleet/store');
  const store = await openStore(url, keys);
  try {
    await store.check();
    return { detail: `${schemeOf(url)} answers and is migrated`, warnings: await store.setupWarnings() };
  } finally {
    await store.close();
  }
}

async function examineQueue(url: string): Promise<Omit<Finding, 'part' | 'ok'>> {
  const { openQueueBackend } = await import('@mcp-fleet/queue');
  const backend = openQueueBackend(url);
  try {
    await backend.check();
    return { detail: `${schemeOf(url)} answers`, warnings: await backend.setupWarnings() };
  } finally {
    await backend.close();
  }
}

/** URLs carry passwords; their schemes do not. */
const schemeOf = (url: string) => url.slice(0, url.indexOf(':'));

async function examineFolder(folder: string): Promise<string> {
  const owner = folderOwner(folder);
  if (owner?.url) {
    await clientOf(owner.url, readEnvironment(process.env)).jobs.list({ limit: 1 });
    return `${folder}, a fleet runs on it at ${owner.url} (process ${owner.pid})`;
  }
  if (owner) return `${folder}, in use by process ${owner.pid}`;
  return hasEmbeddedPostgres(folder)
    ? `${folder}, free`
    : `${folder}, not there yet; the first command creates it`;
}

function describeModel(environment: Environment): string {
  const model = defaultModel(environment);
  if (!model.startsWith('simulated')) return `${model} (the key is not tried here, it could cost money)`;
  return 'simulated; set ANTHROPIC_API_KEY or OPENAI_API_KEY for a real one';
}

async function examineTools(
  options: DoctorOptions,
  environment: Environment,
  examine: (part: string, look: Look) => Promise<void>,
): Promise<void> {
  const { createToolProvider, parseServersConfig, serverFromPath } = await import('@mcp-fleet/tools');
  const path = options.config ?? environment.FLEET_CONFIG;
  let servers = {};
  if (path) {
    await examine('config', () => {
      const file = readConfigFile(path);
      servers = parseServersConfig(file.text, file.path, process.env);
      parsePrices(file);
      return `${path}, agents: ${[...parseAgents(file, defaultModel(environment)).keys()].join(', ')}`;
    });
  }
  for (const typed of options.server ?? []) {
    await examine('server', () => {
      const { name, config } = serverFromPath(typed, process.env);
      servers = { ...servers, [name]: config };
      return `${name}: ${typed}`;
    });
  }
  const provider = createToolProvider({ servers, env: process.env });
  try {
    for (const server of await provider.start()) {
      await examine('tools', () => {
        if (server.state === 'ready') return `${server.name}: ${server.tools} tools`;
        throw new Error(server.error ?? `${server.name} is ${server.state}`);
      });
    }
  } finally {
    await provider.stop();
  }
}
