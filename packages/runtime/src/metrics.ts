import {
  type AttemptResult,
  type FleetEvent,
  type JobState,
  type Lane,
  type Step,
  toUsd,
  type Usage,
} from '@mcp-fleet/core';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { timed } from './timed.ts';

/** For statements and commands, which take milliseconds. */
const shortSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10];

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

const unendedStates = ['queued', 'running', 'waiting'] as const;

/** What is counted of an MCP server, by the type of its event. */
const serverEvents: Record<string, string> = {
  server_started: 'started',
  server_failed: 'failed',
  server_lost: 'lost',
};

/** The fleet's Prometheus metrics. Labels are bounded: no ids, no tenants, no free text. */
export class FleetMetrics {
  readonly registry = new Registry();
  readonly #ended: Counter<'state'>;
  readonly #parked: Counter<'code'>;
  readonly #superseded: Counter;
  readonly #handedBack: Counter;
  readonly #queueSeconds: Histogram;
  readonly #jobSeconds: Histogram<'state'>;
  readonly #modelSeconds: Histogram;
  readonly #toolSeconds: Histogram<'outcome'>;
  readonly #steps: Counter<'kind'>;
  readonly #tokens: Counter<'type'>;
  readonly #cost: Counter<'model' | 'simulated'>;
  readonly #repairs: Counter<'repair'>;
  readonly #webhooks: Counter<'outcome'>;
  readonly #upstreamBatches: Counter<'result'>;
  readonly #upstreamItems: Counter<'result'>;
  readonly #upstreamTokens: Counter<'type'>;
  readonly #storeSeconds: Histogram<'operation'>;
  readonly #queueOperations: Histogram<'operation'>;
  readonly #toolCalls: Counter<'server' | 'outcome'>;
  readonly #toolServers: Counter<'server' | 'event'>;

  constructor(options: { processMetrics: boolean } = { processMetrics: true }) {
    const registers = [this.registry];
    if (options.processMetrics) collectDefaultMetrics({ register: this.registry });
    const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
      new Counter({ name, help, labelNames, registers });
    const histogram = <L extends string>(
      name: string,
      help: string,
      labelNames: L[] = [],
      buckets = seconds,
    ) => new Histogram({ name, help, labelNames, registers, buckets });
    this.#ended = counter('fleet_jobs_ended_total', 'Jobs that reached a terminal state here.', ['state']);
    this.#parked = counter('fleet_jobs_parked_total', 'Deliveries that ended in a wait, by cause.', ['code']);
    this.#superseded = counter('fleet_jobs_superseded_total', 'Deliveries that met a newer epoch.');
    this.#handedBack = counter('fleet_jobs_handed_back_total', 'Deliveries handed back while draining.');
    this.#queueSeconds = histogram('fleet_job_queue_seconds', 'From acceptance to the first take.');
    this.#jobSeconds = histogram('fleet_job_duration_seconds', 'From acceptance to the end.', ['state']);
    this.#modelSeconds = histogram('fleet_model_call_seconds', 'Duration of model calls.');
    this.#toolSeconds = histogram('fleet_tool_call_seconds', 'Duration of tool calls.', ['outcome']);
    this.#steps = counter('fleet_steps_total', 'Steps recorded.', ['kind']);
    this.#tokens = counter('fleet_tokens_total', 'Tokens as the provider counted them.', ['type']);
    this.#cost = counter('fleet_cost_usd_total', 'Cost of model calls, by the name in the price list.', [
      'model',
      'simulated',
    ]);
    this.#repairs = counter('fleet_reconciler_repairs_total', 'What the reconciler put right.', ['repair']);
    this.#webhooks = counter('fleet_webhook_deliveries_total', 'Attempts to deliver an event.', ['outcome']);
    this.#upstreamBatches = counter(
      'fleet_upstream_batches_total',
      'Upstream batches, by what came of them.',
      ['result'],
    );
    this.#upstreamItems = counter('fleet_upstream_items_total', 'Calls in upstream batches that ended.', [
      'result',
    ]);
    this.#storeSeconds = histogram(
      'fleet_store_seconds',
      'Duration of what the store is asked for.',
      ['operation'],
      shortSeconds,
    );
    this.#queueOperations = histogram(
      'fleet_queue_seconds',
      'Duration of what the queue is asked for.',
      ['operation'],
      shortSeconds,
    );
    this.#toolCalls = counter('fleet_mcp_calls_total', 'Calls of MCP servers, by what came of them.', [
      'server',
      'outcome',
    ]);
    this.#toolServers = counter('fleet_mcp_server_events_total', 'Starts and losses of MCP servers.', [
      'server',
      'event',
    ]);
    this.#upstreamTokens = counter('fleet_upstream_tokens_total', 'Tokens at the price of batches.', [
      'type',
    ]);
  }

  /** The same store, whose answers are timed. */
  timedStore<T extends object>(store: T): T {
    return timed(store, (operation, taken) => this.#storeSeconds.observe({ operation }, taken));
  }

  /** The same queue, whose answers are timed. */
  timedQueue<T extends object>(queue: T): T {
    return timed(queue, (operation, taken) => this.#queueOperations.observe({ operation }, taken));
  }

  /** What happens to MCP servers and their calls. Servers are those of the configuration, and no others. */
  readonly toolServer = (event: { type: string; server: string; outcome?: string }): void => {
    const { type, server, outcome } = event;
    if (type === 'call_ended' && outcome !== undefined) this.#toolCalls.inc({ server, outcome });
    const happened = serverEvents[type];
    if (happened !== undefined) this.#toolServers.inc({ server, event: happened });
  };

  /** Listens to the core's events. */
  readonly listen = (event: FleetEvent): void => {
    switch (event.type) {
      case 'job_taken':
        if (event.job.epoch === 1) this.#queueSeconds.observe(event.queuedMs / 1000);
        return;
      case 'job_parked':
        this.#parked.inc({ code: event.reason.split(':')[0] ?? 'unknown' });
        return;
      case 'job_superseded':
        this.#superseded.inc();
        return;
      case 'job_handed_back':
        this.#handedBack.inc();
        return;
      case 'job_ended':
        this.#ended.inc({ state: event.state });
        this.#jobSeconds.observe({ state: event.state }, event.durationMs / 1000);
        return;
      case 'step_recorded':
        if (!event.adopted) this.#step(event.step, event.priced);
        return;
      default:
        return;
    }
  };

  #step(step: Step, priced: string | null): void {
    this.#steps.inc({ kind: step.kind });
    if (step.kind === 'steer') return;
    if (step.kind === 'result') {
      this.#toolSeconds.observe({ outcome: step.outcome }, step.ms / 1000);
      return;
    }
    // What waited in an upstream batch says nothing of how fast a model is.
    if (step.usage.serviceTier !== 'batch') this.#modelSeconds.observe(step.ms / 1000);
    countTokens(this.#tokens, step.usage);
    if (priced === null || step.cost === undefined) return;
    this.#cost.inc({ model: priced, simulated: String(priced.startsWith('simulated')) }, toUsd(step.cost));
  }

  repaired(repair: string, count: number): void {
    if (count > 0) this.#repairs.inc({ repair }, count);
  }

  webhookAttempted(outcome: AttemptResult['outcome']): void {
    this.#webhooks.inc({ outcome });
  }

  upstreamBatch(
    result: 'submitted' | 'ended' | 'found' | 'not_created' | 'gone' | 'refused' | 'rate_limited' | 'unknown',
  ): void {
    this.#upstreamBatches.inc({ result });
  }

  upstreamItem(result: 'succeeded' | 'errored' | 'canceled' | 'expired'): void {
    this.#upstreamItems.inc({ result });
  }

  upstreamTokens(usage: Usage): void {
    countTokens(this.#upstreamTokens, usage);
  }

  /** Jobs in the store that have not ended, read when the metrics are; nothing is shown while it cannot be asked. */
  unendedJobs(read: () => Promise<Partial<Record<JobState, number>>>): void {
    new Gauge({
      name: 'fleet_store_jobs',
      help: 'Jobs in the store that have not ended.',
      labelNames: ['state'],
      registers: [this.registry],
      async collect() {
        this.reset();
        const counts = await read().catch(() => null);
        if (counts === null) return;
        for (const state of unendedStates) this.set({ state }, counts[state] ?? 0);
      },
    });
  }

  /** What is in the queue, read when the metrics are; nothing is shown while the queue cannot be asked. */
  queue(read: () => Promise<Record<Lane, { waiting: number; active: number; delayed: number }>>): void {
    new Gauge({
      name: 'fleet_queue_jobs',
      help: 'Ids in the queue: to be taken at once, held by a worker, or waiting for a time.',
      labelNames: ['lane', 'state'],
      registers: [this.registry],
      async collect() {
        this.reset();
        const lanes = await read().catch(() => null);
        for (const [lane, counts] of Object.entries(lanes ?? {})) {
          for (const [state, count] of Object.entries(counts)) this.set({ lane, state }, count);
        }
      },
    });
  }

  /** A gauge that is read when the metrics are. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}

function countTokens(counter: Counter<'type'>, usage: Usage): void {
  counter.inc({ type: 'input' }, usage.inputTokens);
  counter.inc({ type: 'output' }, usage.outputTokens);
  counter.inc({ type: 'cache_read' }, usage.cacheReadTokens);
  counter.inc({ type: 'cache_write' }, usage.cacheWriteTokens);
}
