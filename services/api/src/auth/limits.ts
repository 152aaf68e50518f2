import { type ContextStore, FleetError, type TenantLimits } from '@mcp-fleet/core';
import type { Counters } from '@mcp-fleet/queue';
import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import { createLimiter } from './request-limiter.ts';

/** How long a tenant's limits are used as they were read. */
const freshMs = 5_000;

/** How long a caller that has too many jobs is asked to wait. */
const jobsRetryMs = 5_000;

/** Holds tenants to their limits. */
export class Limits {
  readonly #store: Pick<ContextStore, 'limits' | 'openJobs'>;
  readonly #counters: Counters | null;
  readonly #limiters = new Map<number, RateLimiterAbstract>();
  readonly #known = new Map<string, { limits: TenantLimits; readAt: number }>();

  /** With counters, requests are counted over all apis; without, each counts its own. */
  constructor(store: Pick<ContextStore, 'limits' | 'openJobs'>, counters: Counters | null) {
    this.#store = store;
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

  /** Throws `quota_exceeded` when the tenant has as many jobs as it may have. */
  async allowJob(tenant: string): Promise<void> {
    const { queuedJobs, runningJobs } = await this.#of(tenant);
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
