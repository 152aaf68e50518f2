export { auditHash, brokenEntry } from './audit-hash.ts';
export {
  type Agents,
  type ConfigFile,
  parseAgents,
  parsePrices,
  readConfigFile,
  serverNames,
} from './config-file.ts';
export {
  type EmbeddedPostgres,
  hasEmbeddedPostgres,
  makeEmptyDatabase,
  startEmbeddedPostgres,
} from './embedded-postgres.ts';
export { defaultModel, type Environment, environmentVariables, readEnvironment } from './environment.ts';
export { type FolderLock, type FolderOwner, folderOwner, lockFolder } from './folder-lock.ts';
export {
  type HealthChecks,
  healthRoutes,
  listen,
  type ServerRoutes,
  startHealthServer,
} from './health-server.ts';
export { newId } from './id.ts';
export { addressSecret, isAddressSecret } from './internal-secret.ts';
export { endProcess, type Stoppable, StopStack, untilStopSignal } from './lifecycle.ts';
export { decodeLiveEvent, type LiveEvent, toLiveEvent } from './live-event.ts';
export { createLogger, type Logger, logEvents } from './logger.ts';
export { isLoopback } from './loopback.ts';
export { FleetMetrics } from './metrics.ts';
export { modelSettings, type ProviderSettings } from './model-settings.ts';
export { PartialReplies } from './partial-replies.ts';
export { runService, type ServiceSetup } from './run-service.ts';
export { startTracing } from './start-tracing.ts';
export { parseTraceparent, type TracedRequest, type Tracing } from './tracing.ts';
export { waitForPart, waitUntilReachable } from './wait-until-reachable.ts';
export { warnAboutSetup } from './warn-about-setup.ts';
