import { join, resolve } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import { createLogger, folderOwner, readConfigFile, readEnvironment } from '@mcp-fleet/runtime';
import { serverFromPath } from '@mcp-fleet/tools';
import { type RunningFleet, startFleet } from './embed/start-fleet.ts';
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

/**
 * Connects to the fleet at `--url` or FLEET_URL, else to the one that owns the data folder, else starts one
 * in this process. Servers named by path always mean a fleet of the command's own.
 */
export async function connect(options: FleetOptions, servers: string[], output: Output): Promise<Connection> {
  const environment = readEnvironment(process.env);
  const url = options.url ?? environment.FLEET_URL;
  const folder = resolve(options.data ?? environment.FLEET_DATA);
  if (servers.length === 0) {
    const running = url ?? folderOwner(folder)?.url;
    if (running)
      return { client: new FleetClient({ url: running }), own: null, close: async () => undefined };
  }
  const own = await startOwn(options, servers, folder, output);
  return { client: new FleetClient({ url: own.url }), own, close: () => own.stop() };
}

async function startOwn(
  options: FleetOptions,
  servers: string[],
  folder: string,
  output: Output,
): Promise<RunningFleet> {
  const environment = readEnvironment(process.env);
  const config = options.config ?? environment.FLEET_CONFIG;
  const spinner = output.spin('Starting a fleet in this process');
  try {
    return await startFleet({
      environment: { ...environment, ...(options.model ? { FLEET_MODEL: options.model } : {}) },
      config: config ? readConfigFile(config) : null,
      servers: Object.fromEntries(
        servers.map((path) => serverFromPath(path, process.env)).map((s) => [s.name, s.config]),
      ),
      logger: createLogger('fleet', process.env.LOG_LEVEL ?? 'silent'),
      port: 0,
      folder: freeFolder(folder),
      variables: process.env,
    });
  } finally {
    spinner.stop();
  }
}

/** The data folder, or one inside it when another fleet owns it. */
function freeFolder(folder: string): string {
  return folderOwner(folder) ? join(folder, 'own') : folder;
}
