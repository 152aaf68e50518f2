import { createLogger, endProcess, readEnvironment, untilStopSignal } from '@mcp-fleet/runtime';
import { startReconciler } from './start-reconciler.ts';

const environment = readEnvironment(process.env);
const logger = createLogger('reconciler', environment.LOG_LEVEL);
try {
  const reconciler = await startReconciler({ environment, logger });
  await untilStopSignal(logger);
  await reconciler.stop();
  endProcess(logger);
} catch (thrown) {
  logger.fatal({ err: thrown }, thrown instanceof Error ? thrown.message : String(thrown));
  process.exitCode = 1;
}
