import { join, resolve } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import { FleetError } from '@mcp-fleet/core';
import {
  createLogger,
  type Environment,
  folderOwner,
  readConfigFile,
  readEnvironment,
} from '@mcp-fleet/runtime';
import type { FleetSetup, RunningFleet } from './embed/start-fleet.ts';
import type { Output } from './output.ts';

/** The options that say which fleet a command talks to. */
export interface FleetOptions {
  url?: string;
  data?: string;
  config?: string;
  model?: string;
}

/** A fleet that a command talks to: one that runs already, or one of the command's own. */
export interface Connection {
  client: FleetClient;
  /** Present when the fleet runs in this process and ends with it. */
  own: RunningFleet | null;
  close(): Promise<void>;
}

/** What a fleet of the command's own is for, and what a signal does to it. */
export interface OwnFleet {
  /** Only a command that submits runs jobs: looking must not start work that others left. */
  runs?: FleetSetup['runs'];
  /** `end` (the default) stops the fleet and the process; `leave` is for a command that sees to it itself. */
  onSignal?: 'end' | 'leave';
}

/** Time that a command's own fleet gives to steps in flight; whoever pressed Ctrl-C waits for it. */
const ownGraceMs = 1_000;

/**
 * Connects to the fleet at `--url` or FLEET_URL, else to the one that owns the data folder, else starts one
 * in this process. Servers named by path always mean a fleet of the command's own.
 */
export async function connect(
  options: FleetOptions,
  servers: string[],
  output: Output,
  { runs = 'jobs', onSignal = 'end' }: OwnFleet = {},
): Promise<Connection> {
  const environment = readEnvironment(process.env);
  const url = options.url ?? environment.FLEET_URL;
  const folder = resolve(options.data ?? environment.FLEET_DATA);
  if (servers.length === 0) {
    const running = url ?? folderOwner(folder)?.url;
    if (running) return { client: clientOf(running, environment), own: null, close: async () => undefined };
  }
  const own = await startOwn(options, servers, folder, output, runs);
  const ignore = onSignal === 'end' ? endOnSignal(own) : () => undefined;
  const close = () => own.stop().finally(ignore);
  try {
    await report(own.servers, servers, output);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { client: new FleetClient({ url: own.url }), own, close };
}

/** What a fleet of the command's own is made of; a command that talks to another loads none of it. */
const loaded = () => Promise.all([import('./embed/start-fleet.ts'), import('@mcp-fleet/tools')]);

async function startOwn(
  options: FleetOptions,
  servers: string[],
  folder: string,
  output: Output,
  runs: FleetSetup['runs'],
): Promise<RunningFleet> {
  const environment = readEnvironment(process.env);
  const config = options.config ?? environment.FLEET_CONFIG;
  const spinner = output.spin('Starting a fleet in this process');
  try {
    const [{ startFleet }, { serverFromPath }] = await loaded();
    return await startFleet({
      environment: {
        ...environment,
        ...(options.model ? { FLEET_MODEL: options.model } : {}),
        WORKER_GRACE_MS: Math.min(environment.WORKER_GRACE_MS, ownGraceMs),
      },
      config: config ? readConfigFile(config) : null,
      servers: Object.fromEntries(
        servers.map((path) => serverFromPath(path, process.env)).map((s) => [s.name, s.config]),
      ),
      // Standard output is for what the command was asked for.
      logger: createLogger('fleet', process.env.LOG_LEVEL ?? 'silent', process.stderr),
      port: 0,
      folder: freeFolder(folder),
      variables: process.env,
      runs,
    });
  } finally {
    spinner.stop();
  }
}

/** Refuses a server that was typed and does not start; one that is configured may come up later. */
async function report(statuses: RunningFleet['servers'], typed: string[], output: Output): Promise<void> {
  const [, { serverFromPath }] = await loaded();
  const names = new Set(typed.map((path) => serverFromPath(path, process.env).name));
  for (const { name, state, error } of statuses) {
    if (state === 'ready') continue;
    const message = error ?? `The MCP server "${name}" is ${state}.`;
    if (names.has(name)) throw new FleetError('tool_server_unavailable', message);
    output.warn(message);
  }
}

/** Stops the fleet at SIGINT or SIGTERM, then ends the process as the signal would; returns how to undo it. */
function endOnSignal(own: RunningFleet): () => void {
  const end = (signal: NodeJS.Signals) => {
    void own.stop().finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  return () => {
    process.removeListener('SIGINT', end);
    process.removeListener('SIGTERM', end);
  };
}

/** The data folder, or one inside it when another fleet owns it. */
function freeFolder(folder: string): string {
  return folderOwner(folder) ? join(folder, 'own') : folder;
}

/** A client of a running fleet, with the key that the environment has. */
export function clientOf(url: string, { FLEET_API_KEY }: Pick<Environment, 'FLEET_API_KEY'>): FleetClient {
  return new FleetClient({ url, apiKey: FLEET_API_KEY });
}
