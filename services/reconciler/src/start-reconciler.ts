import { FleetError } from '@mcp-fleet/core';
import { createUpstream } from '@mcp-fleet/models';
import { BullJobQueue, openQueueBackend } from '@mcp-fleet/queue';
import {
  type Environment,
  FleetMetrics,
  type Logger,
  modelSettings,
  type Stoppable,
  StopStack,
  startHealthServer,
  waitForPart,
} from '@mcp-fleet/runtime';
import { openStore } from '@mcp-fleet/store';
import { Reconciler } from './reconciler.ts';
import { upstreamOptions } from './upstream/upstream-options.ts';
import { webhookOptions } from './webhook-options.ts';

/** A reconciler process's parts, started in order. */
export async function startReconciler(setup: {
  environment: Environment;
  logger: Logger;
}): Promise<Stoppable & { url: string }> {
  const { environment, logger } = setup;
  if (!environment.STORE_URL || !environment.QUEUE_URL) {
    throw new FleetError('invalid_config', 'A reconciler of its own needs STORE_URL and QUEUE_URL.');
  }
  const stack = new StopStack((name, error) => logger.error({ err: error, part: name }, 'stopping failed'));
  try {
    const metrics = new FleetMetrics();
    const store = metrics.timedStore(
      await openStore(environment.STORE_URL, environment.FLEET_ENCRYPTION_KEYS),
    );
    stack.add('store', () => store.close());
    const wait = { waitMs: environment.STARTUP_WAIT_MS, logger };
    await waitForPart('store', () => store.check(), wait);
    const backend = openQueueBackend(environment.QUEUE_URL, { queueName: environment.QUEUE_NAME });
    stack.add('queue backend', () => backend.close());
    await waitForPart('clock', () => backend.checkClock(environment.QUEUE_LOCK_MS / 4), wait);
    const queue = metrics.timedQueue(new BullJobQueue(backend));
    stack.add('queue', () => queue.stop());
    const reconciler = new Reconciler(
      {
        store,
        queue,
        backend,
        signals: backend.signals(),
        logger,
        metrics,
        upstream: createUpstream(modelSettings(environment)),
      },
      {
        everyMs: environment.RECONCILE_EVERY_MS,
        idleMs: environment.RECONCILE_EVERY_MS,
        runningIdleMs: 2 * environment.QUEUE_LOCK_MS,
        dispatchEveryMs: environment.DISPATCH_EVERY_MS,
        webhooks: webhookOptions(environment),
        upstream: upstreamOptions(environment),
      },
    );
    stack.add('reconciler', () => reconciler.stop());
    await reconciler.start();
    const health = await startHealthServer({
      host: environment.RECONCILER_HOST,
      port: environment.RECONCILER_PORT,
      setting: 'RECONCILER_PORT',
      metrics,
      ready: { store: () => store.check(), queue: () => backend.check() },
    });
    stack.add('health', () => health.stop());
    logger.info({ url: health.url }, 'reconciler ready');
    return { url: health.url, stop: () => stack.stop() };
  } catch (thrown) {
    await stack.stop();
    throw thrown;
  }
}
