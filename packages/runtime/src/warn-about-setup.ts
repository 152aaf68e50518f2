import type { Logger } from './logger.ts';

/** Logs what the servers' set-up does not protect against. Does nothing when a server does not answer. */
export async function warnAboutSetup(
  parts: Record<string, { setupWarnings(): Promise<string[]> }>,
  logger: Logger,
): Promise<void> {
  for (const [part, server] of Object.entries(parts)) {
    for (const warning of await server.setupWarnings().catch(() => [])) logger.warn({ part }, warning);
  }
}
