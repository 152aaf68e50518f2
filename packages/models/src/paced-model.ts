import { FleetError, type Model, type ModelReply, type ModelRequest } from '@mcp-fleet/core';

/** How long a rate limit holds that says nothing about it. */
const unsaidMs = 1_000;

/** Pauses at most this long, whatever a provider asks for. */
const longestPauseMs = 300_000;

/** Jobs that wait for one limit come back spread over this share of the wait. */
const spread = 0.5;

/**
 * A model that keeps quiet while its provider has asked for it. A rate limit that one job meets holds for all
 * jobs of the process, and `onLimited` tells the rest of the fleet; a call during the pause fails as
 * `model_rate_limited` without a request.
 */
export class PacedModel implements Model {
  readonly #model: Model;
  readonly #onLimited: (model: string, forMs: number) => void;
  readonly #pausedUntil = new Map<string, number>();

  constructor(model: Model, onLimited: (model: string, forMs: number) => void) {
    this.#model = model;
    this.#onLimited = onLimited;
  }

  takesBatches(model: string): boolean {
    return this.#model.takesBatches?.(model) ?? false;
  }

  /** Another process met the limit of this model. */
  pause(model: string, forMs: number): void {
    const until = performance.now() + Math.min(forMs, longestPauseMs);
    this.#pausedUntil.set(model, Math.max(until, this.#pausedUntil.get(model) ?? 0));
  }

  async complete(request: ModelRequest, options: Parameters<Model['complete']>[1]): Promise<ModelReply> {
    this.#refuseWhilePaused(request.model);
    try {
      return await this.#model.complete(request, options);
    } catch (thrown) {
      if (thrown instanceof FleetError && thrown.code === 'model_rate_limited') {
        const forMs = thrown.retryAfterMs ?? unsaidMs;
        this.pause(request.model, forMs);
        this.#onLimited(request.model, forMs);
      }
      throw thrown;
    }
  }

  #refuseWhilePaused(model: string): void {
    const leftMs = (this.#pausedUntil.get(model) ?? 0) - performance.now();
    if (leftMs <= 0) {
      this.#pausedUntil.delete(model);
      return;
    }
    const message = `${model} has asked for a pause; ${Math.ceil(leftMs / 1000)} s of it are left.`;
    const retryAfterMs = Math.ceil(leftMs * (1 + Math.random() * spread));
    throw new FleetError('model_rate_limited', message, { retryAfterMs });
  }
}
