import {
  createLogger,
  endProcess,
  readConfigFile,
  readEnvironment,
  untilStopSignal,
} from '@mcp-fleet/runtime';
import { startApi } from './start-api.ts';

const environment = readEnvironment(process.env);
const logger = createLogger('api', environment.LOG_LEVEL);
try {
  const api = await startApi({
    environment,
    logger,
    config: environment.FLEET_CONFIG ? readConfigFile(environment.FLEET_CONFIG) : null,
  });
  await untilStopSignal(logger);
  await api.stop();
  endProcess(logger);
} catch (thrown) {
  logger.fatal({ err: thrown }, thrown instanceof Error ? thrown.message : String(thrown));
  process.exitCode = 1;
}
