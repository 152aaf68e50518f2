import { type ContextStore, FleetError, type Model, type PriceList } from '@mcp-fleet/core';
import { createModels, PacedModel } from '@mcp-fleet/models';
import { BullJobQueue, openQueueBackend, type QueueBackend } from '@mcp-fleet/queue';
import {
  type ConfigFile,
  type Environment,
  FleetMetrics,
  type Logger,
  logEvents,
  modelSettings,
  parsePrices,
  type Stoppable,
  StopStack,
  startHealthServer,
  startTracing,
  type Tracing,
  waitForPart,
  warnAboutSetup,
} from '@mcp-fleet/runtime';
import { openStore } from '@mcp-fleet/store';
import { createToolProvider, parseServersConfig } from '@mcp-fleet/tools';
import { advertisedUrl } from './advertised-url.ts';
import { LiveJobs } from './live-jobs.ts';
import { Presence } from './presence.ts';
import { FleetWorker } from './worker.ts';

export interface WorkerSetup {
  environment: Environment;
  config: ConfigFile | null;
  logger: Logger;
  /** What servers of stdio type may see of the process's environment, by their entries' own choice. */
  variables: Record<string, string | undefined>;
}

/** A worker process's parts, started in order: store, queue, tools, health server, worker. */
export async function startWorker(setup: WorkerSetup): Promise<Stoppable & { url: string }> {
  const { environment, logger } = setup;
  const stack = new StopStack((name, error) => logger.error({ err: error, part: name }, 'stopping failed'));
  try {
    const metrics = new FleetMetrics();
    const tracing = await startTracing('worker', environment);
    stack.add('tracing', async () => tracing?.stop());
    const { store: plainStore, backend } = await connect(setup, stack);
    const store = metrics.timedStore(plainStore);
    const model = createModels(modelSettings(environment));
    stack.add('models', () => model.close());
    const tools = createToolProvider({
      servers: setup.config ? parseServersConfig(setup.config.text, setup.config.path, setup.variables) : {},
      env: setup.variables,
      onLog: (server, line) => logger.debug({ server, line }, 'tool server'),
      onEvent: metrics.toolServer,
    });
    stack.add('tools', () => tools.stop());
    const queue = metrics.timedQueue(new BullJobQueue(backend));
    stack.add('queue', () => queue.stop());
    await queue.start();
    const prices = parsePrices(setup.config);
    const live = new LiveJobs(backend.signals(), environment.FLEET_INTERNAL_TOKEN);
    const parts = {
      environment,
      store,
      backend,
      queue,
      model,
      tools,
      prices,
      logger,
      metrics,
      tracing,
      live,
    };
    const worker = createWorker(parts);
    const health = await startHealthServer({
      host: environment.WORKER_HOST,
      port: environment.WORKER_PORT,
      setting: 'WORKER_PORT',
      metrics,
      routes: live.routes,
      alive: () => refuseStandstill(worker),
      ready: {
        store: () => store.check(),
        queue: () => backend.check(),
        worker: () => refuseDraining(worker),
      },
    });
    // Stopped after the worker: a liveness probe that fails during the drain would have the process killed.
    stack.add('health', () => health.stop());
    stack.add('live events', () => live.stop());
    const advertised = advertisedUrl(environment, health.url);
    if (advertised === null) logger.info('without FLEET_INTERNAL_TOKEN no text is streamed from this worker');
    else live.announce(advertised);
    stack.add('worker', () => worker.stop(), environment.WORKER_GRACE_MS + 15_000);
    await worker.start();
    logger.info({ url: health.url, concurrency: environment.WORKER_CONCURRENCY }, 'worker ready');
    return { url: health.url, stop: () => stack.stop() };
  } catch (thrown) {
    await stack.stop();
    throw thrown;
  }
}

async function connect(
  setup: WorkerSetup,
  stack: StopStack,
): Promise<{ store: ContextStore; backend: QueueBackend }> {
  const { environment, logger } = setup;
  if (!environment.STORE_URL || !environment.QUEUE_URL) {
    throw new FleetError(
      'invalid_config',
      'A worker of its own needs STORE_URL and QUEUE_URL, such as mongodb://… and redis://…. `fleet up` runs without them.',
    );
  }
  const store = await openStore(environment.STORE_URL, environment.FLEET_ENCRYPTION_KEYS);
  stack.add('store', () => store.close());
  const backend = openQueueBackend(environment.QUEUE_URL, { queueName: environment.QUEUE_NAME });
  stack.add('queue backend', () => backend.close());
  const wait = { waitMs: environment.STARTUP_WAIT_MS, logger };
  await waitForPart('store', () => store.check(), wait);
  await waitForPart('queue', () => backend.check(), wait);
  await waitForPart('clock', () => backend.checkClock(environment.QUEUE_LOCK_MS / 4), wait);
  await warnAboutSetup({ store, queue: backend }, logger);
  return { store, backend };
}

/** A worker as the environment sets it up. */
export function createWorker(parts: {
  environment: Environment;
  store: ContextStore;
  backend: QueueBackend;
  queue: BullJobQueue;
  model: Model;
  tools: ReturnType<typeof createToolProvider>;
  prices: PriceList;
  logger: Logger;
  metrics: FleetMetrics;
  tracing: Tracing | null;
  emit?: Parameters<typeof fanOut>[0];
  live?: LiveJobs;
}): FleetWorker {
  const { environment, store, backend, queue, model, tools, logger, metrics, live } = parts;
  const emit = fanOut(
    logEvents(logger),
    metrics.listen,
    ...[parts.tracing?.listen, parts.emit].filter((listener) => listener !== undefined),
  );
  const signals = backend.signals();
  const paced = new PacedModel(model, (name, forMs) => {
    void signals.publish({ kind: 'rate_limited', model: name, forMs });
  });
  const onRateLimit = (name: string, forMs: number) => paced.pause(name, forMs);
  const concurrency = {
    interactive: environment.WORKER_CONCURRENCY,
    batch: environment.WORKER_BATCH_CONCURRENCY ?? environment.WORKER_CONCURRENCY,
  };
  const presence = new Presence(signals, () => ({
    inFlight: worker.inFlight,
    places: concurrency.interactive + concurrency.batch,
    draining: worker.draining,
    servers: tools.status(),
  }));
  const worker = new FleetWorker(
    { store, backend, signals, presence, queue, model: paced, tools, logger, emit, live, onRateLimit },
    {
      concurrency,
      lockMs: environment.QUEUE_LOCK_MS,
      graceMs: environment.WORKER_GRACE_MS,
      newsEveryMs: environment.NEWS_EVERY_MS,
      policy: { durability: environment.DURABILITY, prices: parts.prices },
    },
  );
  metrics.gauge('fleet_jobs_in_flight', 'Jobs that this worker holds.', () => worker.inFlight);
  return worker;
}

type Listener = ReturnType<typeof logEvents>;

function fanOut(...listeners: Listener[]): Listener {
  return (event) => {
    for (const listener of listeners) listener(event);
  };
}

/** A worker that takes nothing for this long although ids wait is to be started anew by its supervisor. */
const standstillMs = 60_000;

function refuseStandstill(worker: FleetWorker): void {
  if (worker.stuckForMs < standstillMs) return;
  throw new FleetError('queue_unavailable', 'Ids have waited for a minute and none was taken.');
}

function refuseDraining(worker: FleetWorker): void {
  if (worker.draining) throw new FleetError('queue_unavailable', 'draining');
}
