import {
  type ContextStore,
  FleetError,
  knownPrice,
  type PriceList,
  type TenantLimits,
  usdText,
} from '@mcp-fleet/core';
import type { Counters } from '@mcp-fleet/queue';
import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import { createLimiter } from './request-limiter.ts';

/** How long a tenant's limits are used as they were read. */
const freshMs = 5_000;

/** How long a caller that has too many jobs is asked to wait. */
const jobsRetryMs = 5_000;

type LimitStore = Pick<ContextStore, 'limits' | 'openJobs' | 'dayCost'>;

/** Holds tenants to their limits. */
export class Limits {
  readonly #store: LimitStore;
  readonly #counters: Counters | null;
  readonly #prices: PriceList;
  readonly #limiters = new Map<number, RateLimiterAbstract>();
  readonly #known = new Map<string, { limits: TenantLimits; readAt: number }>();

  /** With counters, requests are counted over all apis; without, each counts its own. */
  constructor(store: LimitStore, counters: Counters | null, prices: PriceList) {
    this.#store = store;
    this.#prices = prices;
    this.#counters = counters;
  }

  /** Throws `quota_exceeded` with the time to wait when the tenant has made its requests of this minute. */
  async countRequest(tenant: string): Promise<void> {
    const { requestsPerMinute } = await this.#of(tenant);
    if (requestsPerMinute === null) return;
    try {
      await this.#limiter(requestsPerMinute).consume(tenant);
    } catch (thrown) {
      if (!(thrown instanceof RateLimiterRes)) throw thrown;
      const message = `The limit of ${requestsPerMinute} requests a minute is reached.`;
      throw new FleetError('quota_exceeded', message, { retryAfterMs: thrown.msBeforeNext });
    }
  }

  /**
   * Throws `quota_exceeded` when the tenant has as many jobs as it may have, or its jobs have cost what they may
   * today; and `unknown_price` for a model whose cost could not be counted.
   */
  async allowJob(tenant: string, model: string): Promise<void> {
    const limits = await this.#of(tenant);
    await this.#allowOpen(tenant, limits);
    if (limits.dailyCost === null) return;
    knownPrice(this.#prices, model, "The tenant's daily limit of cost");
    const { cost, leftMs } = await this.#store.dayCost(tenant);
    if (cost < limits.dailyCost) return;
    const message = `The limit of ${usdText(limits.dailyCost)} a day is reached: ${usdText(cost)} were spent. It begins anew at midnight UTC.`;
    throw new FleetError('quota_exceeded', message, { retryAfterMs: leftMs });
  }

  async #allowOpen(tenant: string, { queuedJobs, runningJobs }: TenantLimits): Promise<void> {
    if (queuedJobs === null && runningJobs === null) return;
    const open = await this.#store.openJobs(tenant, Math.max(queuedJobs ?? 0, runningJobs ?? 0) + 1);
    const over = [
      [open.queued, queuedJobs, 'queued'] as const,
      [open.running, runningJobs, 'running'] as const,
    ].find(([jobs, limit]) => limit !== null && jobs >= limit);
    if (!over) return;
    const message = `The limit of ${over[1]} ${over[2]} jobs is reached. Wait for some to end.`;
    throw new FleetError('quota_exceeded', message, { retryAfterMs: jobsRetryMs });
  }

  /** Reads a tenant's limits anew at its next request, after this process has changed them. */
  forget(tenant: string): void {
    this.#known.delete(tenant);
  }

  async #of(tenant: string): Promise<TenantLimits> {
    const known = this.#known.get(tenant);
    if (known && performance.now() - known.readAt < freshMs) return known.limits;
    const limits = await this.#store.limits(tenant);
    this.#known.set(tenant, { limits, readAt: performance.now() });
    return limits;
  }

  #limiter(points: number): RateLimiterAbstract {
    const known = this.#limiters.get(points);
    if (known) return known;
    const limiter = createLimiter(points, this.#counters);
    this.#limiters.set(points, limiter);
    return limiter;
  }
}
