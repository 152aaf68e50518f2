import { FleetError } from '@mcp-fleet/core';
import { BullJobQueue, openQueueBackend } from '@mcp-fleet/queue';
import {
  type ConfigFile,
  defaultModel,
  type Environment,
  FleetMetrics,
  isLoopback,
  type Logger,
  listen,
  parseAgents,
  parsePrices,
  type Stoppable,
  StopStack,
  serverNames,
  startTracing,
  waitForPart,
  warnAboutSetup,
} from '@mcp-fleet/runtime';
import { openStore } from '@mcp-fleet/store';
import { AddressPolicy } from '@mcp-fleet/webhooks';
import { createApp } from './app.ts';
import { Authenticator } from './auth/authenticator.ts';
import { refuseWithoutKeys } from './auth/key-requirement.ts';
import { Limits } from './auth/limits.ts';
import { JobEvents } from './job-events.ts';
import { JobWatch } from './job-watch.ts';
import { messagesOptions } from './messages/messages-options.ts';
import { WorkerRoster } from './worker-roster.ts';

/** An api process's parts, started in order. A queue that is down does not stop it: the store accepts. */
export async function startApi(setup: {
  environment: Environment;
  config: ConfigFile | null;
  logger: Logger;
}): Promise<Stoppable & { url: string }> {
  const { environment, logger } = setup;
  if (!environment.STORE_URL || !environment.QUEUE_URL) {
    throw new FleetError(
      'invalid_config',
      'An api of its own needs STORE_URL and QUEUE_URL. `fleet up` runs without.',
    );
  }
  const stack = new StopStack((name, error) => logger.error({ err: error, part: name }, 'stopping failed'));
  try {
    const metrics = new FleetMetrics();
    const tracing = await startTracing('api', environment);
    stack.add('tracing', async () => tracing?.stop());
    const store = metrics.timedStore(
      await openStore(environment.STORE_URL, environment.FLEET_ENCRYPTION_KEYS),
    );
    stack.add('store', () => store.close());
    await waitForPart('store', () => store.check(), { waitMs: environment.STARTUP_WAIT_MS, logger });
    const backend = openQueueBackend(environment.QUEUE_URL, { queueName: environment.QUEUE_NAME });
    stack.add('queue backend', () => backend.close());
    void warnAboutSetup({ store, queue: backend }, logger);
    const queue = metrics.timedQueue(new BullJobQueue(backend));
    stack.add('queue', () => queue.stop());
    const required = !isLoopback(environment.API_HOST) || environment.API_KEYS === 'required';
    if (required) await refuseWithoutKeys(store);
    const signals = backend.signals();
    const prices = parsePrices(setup.config);
    const events = new JobEvents();
    const token = environment.FLEET_INTERNAL_TOKEN;
    const app = await createApp({
      store,
      queue,
      openQueues: () => queue.open(),
      signals,
      watch: new JobWatch(signals, { events, token, logger }),
      roster: new WorkerRoster(signals),
      agents: parseAgents(setup.config, defaultModel(environment)),
      prices,
      metrics,
      logger,
      webhookAddresses: new AddressPolicy(environment.WEBHOOK_ALLOW),
      authenticator: new Authenticator(store, { required }),
      limits: new Limits(store, backend.counters(), prices),
      streamsPerKey: environment.API_STREAMS_PER_KEY,
      events,
      tools: null,
      messages: messagesOptions(environment, serverNames(setup.config)),
      tracing,
      ready: { store: () => store.check(), queue: () => backend.check() },
    });
    stack.add('http', () => app.close());
    const url = await listen(app, environment.API_HOST, environment.API_PORT, 'API_PORT');
    logger.info({ url, keys: required ? 'required' : 'not required on this machine' }, 'api ready');
    return { url, stop: () => stack.stop() };
  } catch (thrown) {
    await stack.stop();
    throw thrown;
  }
}
