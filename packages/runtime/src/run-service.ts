import { type ConfigFile, readConfigFile } from './config-file.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { endProcess, type Stoppable, untilStopSignal } from './lifecycle.ts';
import { createLogger, type Logger } from './logger.ts';

/** What a service is started with. */
export interface ServiceSetup {
  environment: Environment;
  config: ConfigFile | null;
  logger: Logger;
  variables: Record<string, string | undefined>;
}

/** A service as this process: starts it, and stops it at the first signal. A start that fails is logged. */
export async function runService(
  name: string,
  start: (setup: ServiceSetup) => Promise<Stoppable>,
): Promise<void> {
  const environment = readEnvironment(process.env);
  const logger = createLogger(name, environment.LOG_LEVEL);
  try {
    const config = environment.FLEET_CONFIG ? readConfigFile(environment.FLEET_CONFIG) : null;
    const service = await start({ environment, config, logger, variables: process.env });
    await untilStopSignal(logger);
    await service.stop();
    endProcess(logger);
  } catch (thrown) {
    logger.fatal({ err: thrown }, thrown instanceof Error ? thrown.message : String(thrown));
    process.exitCode = 1;
  }
}
