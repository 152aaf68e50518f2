import {
  Authenticator,
  createApp,
  JobEvents,
  JobWatch,
  Limits,
  messagesOptions,
  refuseWithoutKeys,
  WorkerRoster,
} from '@mcp-fleet/api';
import type { ContextStore } from '@mcp-fleet/core';
import { createModels, createUpstream } from '@mcp-fleet/models';
import { BullJobQueue, openPooledBackend, openQueueBackend, type QueueBackend } from '@mcp-fleet/queue';
import { Reconciler, upstreamOptions, webhookOptions } from '@mcp-fleet/reconciler';
import {
  type ConfigFile,
  defaultModel,
  type Environment,
  FleetMetrics,
  type FolderLock,
  type Logger,
  listen,
  lockFolder,
  modelSettings,
  parseAgents,
  parsePrices,
  type Stoppable,
  StopStack,
  startEmbeddedPostgres,
  startTracing,
  waitUntilReachable,
} from '@mcp-fleet/runtime';
import { startSimulator } from '@mcp-fleet/simulator';
import { openPooledStore, openStore, withEncryption } from '@mcp-fleet/store';
import {
  createToolProvider,
  parseServersConfig,
  type ServerStatus,
  type ServersConfig,
} from '@mcp-fleet/tools';
import { AddressPolicy } from '@mcp-fleet/webhooks';
import { createWorker } from '@mcp-fleet/worker';

export interface FleetSetup {
  environment: Environment;
  config: ConfigFile | null;
  /** Servers beside those of the configuration file, such as a path that a person typed. */
  servers: ServersConfig;
  logger: Logger;
  port: number;
  folder: string;
  /** Whether callers need a key; those of a command's own fleet need none. */
  keys?: 'auto' | 'required';
  variables: Record<string, string | undefined>;
  /** `tools` starts tool servers and takes no jobs, `nothing` is for looking at what is stored. */
  runs: 'jobs' | 'tools' | 'nothing';
}

/** A whole fleet in this process. */
export interface RunningFleet extends Stoppable {
  url: string;
  model: string;
  /** True when answers come from the simulator. */
  simulated: boolean;
  topology: string;
  servers: ServerStatus[];
}

/** How long a process that owns both ends of the queue may leave a dead predecessor's jobs lying. */
const embeddedIdleMs = 2_000;

/** Starts store, queue, tools, worker, reconciler and api in one process, in this order. */
export async function startFleet(setup: FleetSetup): Promise<RunningFleet> {
  const { logger } = setup;
  const stack = new StopStack((name, error) => logger.error({ err: error, part: name }, 'stopping failed'));
  try {
    return await startParts(setup, stack);
  } catch (thrown) {
    await stack.stop();
    throw thrown;
  }
}

async function startParts(setup: FleetSetup, stack: StopStack): Promise<RunningFleet> {
  const { config, logger } = setup;
  const model = defaultModel(setup.environment);
  const fromFile = config ? parseServersConfig(config.text, config.path, setup.variables) : {};
  const agents = parseAgents(config, model);
  const prices = parsePrices(config);
  const topology = await openTopology(setup, stack);
  const environment = await withSimulator(setup, stack);
  const { backend } = topology;
  const metrics = new FleetMetrics();
  const tracing = await startTracing('all', environment);
  stack.add('tracing', async () => tracing?.stop());
  const store = metrics.timedStore(topology.store);
  const models = createModels(modelSettings(environment));
  stack.add('models', () => models.close());
  const tools = createToolProvider({
    servers: setup.runs === 'nothing' ? {} : { ...fromFile, ...setup.servers },
    env: setup.variables,
    onLog: (server, line) => logger.debug({ server, line }, 'tool server'),
    onEvent: metrics.toolServer,
  });
  stack.add('tools', () => tools.stop());
  const queue = metrics.timedQueue(new BullJobQueue(backend));
  stack.add('queue', () => queue.stop());
  const [servers] = await Promise.all([tools.start(), queue.start()]);
  const events = new JobEvents();
  if (setup.runs === 'jobs') {
    const { emit } = events;
    const model = models;
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
      emit,
    };
    const worker = createWorker(parts);
    stack.add('worker', () => worker.stop(), environment.WORKER_GRACE_MS + 15_000);
    await worker.start();
    const reconciler = new Reconciler(
      {
        ...{ store, queue, backend, signals: backend.signals(), metrics, logger },
        upstream: createUpstream(modelSettings(environment)),
      },
      {
        everyMs: environment.RECONCILE_EVERY_MS,
        idleMs: embeddedIdleMs,
        runningIdleMs: environment.QUEUE_LOCK_MS,
        dispatchEveryMs: environment.DISPATCH_EVERY_MS,
        webhooks: webhookOptions(environment),
        upstream: upstreamOptions(environment),
      },
    );
    stack.add('reconciler', () => reconciler.stop());
    await reconciler.start();
  }
  if (setup.keys === 'required') await refuseWithoutKeys(store);
  const signals = backend.signals();
  const app = await createApp({
    store,
    queue,
    openQueues: () => queue.open(),
    signals,
    watch: new JobWatch(signals, { events, token: environment.FLEET_INTERNAL_TOKEN, logger }),
    roster: new WorkerRoster(signals),
    agents,
    prices,
    metrics,
    logger,
    webhookAddresses: new AddressPolicy(environment.WEBHOOK_ALLOW),
    authenticator: new Authenticator(store, { required: setup.keys === 'required' }),
    limits: new Limits(store, backend.counters(), prices),
    streamsPerKey: environment.API_STREAMS_PER_KEY,
    events,
    tools,
    messages: messagesOptions(environment, Object.keys({ ...fromFile, ...setup.servers })),
    tracing,
    ready: { store: () => store.check(), queue: () => backend.check() },
  });
  stack.add('http', () => app.close());
  const url = await listen(app, '127.0.0.1', setup.port, '--port');
  topology.lock?.publish(url);
  return {
    url,
    model,
    simulated: model.startsWith('simulated'),
    topology: topology.name,
    servers,
    stop: () => stack.stop(),
  };
}

interface Topology {
  name: string;
  store: ContextStore;
  backend: QueueBackend;
  lock: FolderLock | null;
}

/** The store and the queue that the URLs name; without URLs, PostgreSQL in the process. */
async function openTopology(setup: FleetSetup, stack: StopStack): Promise<Topology> {
  const {
    QUEUE_URL,
    STORE_URL,
    QUEUE_NAME,
    STARTUP_WAIT_MS,
    FLEET_ENCRYPTION_KEYS: keys,
  } = setup.environment;
  const needsFolder = !QUEUE_URL || !STORE_URL;
  const lock = needsFolder ? lockFolder(setup.folder) : null;
  if (lock) stack.add('folder lock', async () => lock.release());
  const embedded = needsFolder ? await startEmbeddedPostgres(setup.folder) : null;
  if (embedded) stack.add('embedded PostgreSQL', () => embedded.stop());
  const pool = embedded?.pool as never;

  const store = STORE_URL ? await openStore(STORE_URL, keys) : withEncryption(openPooledStore(pool), keys);
  if (STORE_URL) stack.add('store', () => store.close());
  const backend = QUEUE_URL
    ? openQueueBackend(QUEUE_URL, { queueName: QUEUE_NAME })
    : openPooledBackend(pool, { queueName: QUEUE_NAME });
  if (QUEUE_URL) stack.add('queue backend', () => backend.close());
  const onRetry = (reason: string, nextInMs: number) => setup.logger.warn({ nextInMs }, reason);
  await waitUntilReachable(() => store.migrate().then(() => store.check()), {
    waitMs: STARTUP_WAIT_MS,
    onRetry,
  });
  await waitUntilReachable(() => backend.migrate().then(() => backend.check()), {
    waitMs: STARTUP_WAIT_MS,
    onRetry,
  });
  const name = embedded && !STORE_URL && !QUEUE_URL ? `embedded (${setup.folder})` : 'by URL';
  return { name, store, backend, lock };
}

/** Starts a simulator where no model's key is there, and says where it is. */
async function withSimulator(setup: FleetSetup, stack: StopStack): Promise<Environment> {
  if (setup.environment.SIMULATOR_URL) return setup.environment;
  const simulator = await startSimulator({});
  stack.add('simulator', () => simulator.stop());
  return { ...setup.environment, SIMULATOR_URL: simulator.url };
}
