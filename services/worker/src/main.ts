import {
  createLogger,
  endProcess,
  readConfigFile,
  readEnvironment,
  untilStopSignal,
} from '@mcp-fleet/runtime';
import { startWorker } from './start-worker.ts';

const environment = readEnvironment(process.env);
const logger = createLogger('worker', environment.LOG_LEVEL);
try {
  const worker = await startWorker({
    environment,
    logger,
    config: environment.FLEET_CONFIG ? readConfigFile(environment.FLEET_CONFIG) : null,
    variables: process.env,
  });
  await untilStopSignal(logger);
  await worker.stop();
  endProcess(logger);
} catch (thrown) {
  logger.fatal({ err: thrown }, thrown instanceof Error ? thrown.message : String(thrown));
  process.exitCode = 1;
}
