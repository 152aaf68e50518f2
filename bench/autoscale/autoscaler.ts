import { setTimeout as sleep } from 'node:timers/promises';
import { evaluateQuery, readSeries } from './evaluate-query.ts';
import { noWorkers, poll, type Scaling, sync } from './replicas.ts';
import type { ScalingRules } from './scaling-rules.ts';
import type { WorkerPool } from './worker-pool.ts';

/** What there was at one scrape. */
export interface Sample {
  atMs: number;
  /** What the query came to: ids that wait or are held. */
  backlog: number;
  /** Ids in the queue whose time has not come, or of which nobody has noticed it. */
  delayed: number;
  wanted: number;
  ready: number;
  /** Processes, those included that start or drain. */
  processes: number;
}

/** Prometheus, KEDA and the Kubernetes autoscaler in one: scrapes a reconciler and starts and ends workers by it. */
export class Autoscaler {
  readonly samples: Sample[] = [];
  /** What samples are dated from, in milliseconds since the epoch. */
  readonly begunAt = Date.now();
  readonly #rules: ScalingRules;
  readonly #metricsUrl: string;
  readonly #pool: WorkerPool;
  readonly #stopped = new AbortController();
  readonly #begun = performance.now();
  readonly #changed = new Set<() => void>();
  #scaling: Scaling = noWorkers;
  #metric: number | null = null;
  #loops: Promise<void>[] = [];

  constructor(rules: ScalingRules, metricsUrl: string, pool: WorkerPool) {
    this.#rules = rules;
    this.#metricsUrl = metricsUrl;
    this.#pool = pool;
  }

  /** Milliseconds since it was made, by which samples are dated. */
  get nowMs(): number {
    return performance.now() - this.#begun;
  }

  start(): void {
    const { scrapeMs, pollMs, syncMs } = this.#rules;
    this.#loops = [
      this.#every(scrapeMs, () => this.#scrape()),
      this.#every(pollMs, (atMs) => this.#scale(poll, atMs)),
      this.#every(syncMs, (atMs) => this.#scale(sync, atMs)),
    ];
    // A fault reaches whoever waits for a sample, and stops nothing before.
    for (const loop of this.#loops) loop.catch(() => undefined);
  }

  /** Resolves with the first sample from now on for which this holds. */
  async until(holds: (sample: Sample) => boolean): Promise<Sample> {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#changed.add(resolve);
      await Promise.race([promise, ...this.#loops]);
      this.#changed.delete(resolve);
      if (this.#stopped.signal.aborted)
        throw new Error('The autoscaler was stopped while it was waited for.');
      const sample = this.samples.at(-1);
      if (sample && holds(sample)) return sample;
    }
  }

  /** Stops looking. The workers are left to their pool. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.allSettled(this.#loops);
  }

  async #scrape(): Promise<void> {
    const text = await (await fetch(`${this.#metricsUrl}/metrics`)).text();
    this.#metric = evaluateQuery(this.#rules.query, [text]);
    if (this.#metric === null) return;
    const delayed = readSeries(text, 'fleet_queue_jobs').filter(({ labels }) => labels.state === 'delayed');
    const { ready, processes } = this.#pool;
    this.samples.push({
      atMs: this.nowMs,
      backlog: this.#metric,
      delayed: delayed.reduce((sum, { value }) => sum + value, 0),
      wanted: this.#scaling.replicas,
      ready,
      processes,
    });
    for (const resolve of this.#changed) resolve();
  }

  /** What is not known changes nothing, as `ignoreNullValues: "false"` has it. */
  async #scale(decide: typeof poll, atMs: number): Promise<void> {
    if (this.#metric === null) return;
    this.#scaling = decide(this.#rules, this.#scaling, this.#metric, atMs);
    this.#pool.scaleTo(this.#scaling.replicas);
    if (this.#pool.faults.length > 0) throw this.#pool.faults[0];
  }

  /** Runs at the multiples of a time, and leaves out those that a slow machine misses. */
  async #every(everyMs: number, work: (atMs: number) => Promise<void>): Promise<void> {
    const { signal } = this.#stopped;
    for (let n = 1; !signal.aborted; n = Math.max(n + 1, Math.ceil(this.nowMs / everyMs))) {
      await sleep(n * everyMs - this.nowMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await work(n * everyMs);
    }
  }
}
