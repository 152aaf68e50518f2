import type { ModelRequest, OfflineAnswer } from '@mcp-fleet/core';

/** A model call as an item of a batch, in the provider's own form. `bytes` is its share of the request's body. */
export interface UpstreamItem {
  customId: string;
  body: unknown;
  bytes: number;
}

export type UpstreamResultType = 'succeeded' | 'errored' | 'canceled' | 'expired';

/** What became of an item. */
export interface UpstreamResult {
  customId: string;
  type: UpstreamResultType;
  answer: OfflineAnswer;
}

/** A batch as a provider lists it, which says nothing of the items' own ids. */
export interface ListedBatch {
  id: string;
  requests: number;
  ended: boolean;
  createdAt: Date;
}

/** Told of one thing after the other; nothing more comes after `stop`. */
export type Listener<T> = (each: T) => Promise<'go on' | 'stop'>;

/**
 * A provider's batches of model calls. Throws a FleetError: `again` for what may have failed on the way, in which
 * case a creation may have taken place, except for `model_rate_limited`; `never` for what was refused.
 */
export interface UpstreamProvider {
  item(customId: string, request: ModelRequest): UpstreamItem;
  /** The provider's id of the batch that was created. */
  create(items: readonly UpstreamItem[], signal: AbortSignal): Promise<string>;
  /** `gone`: the provider has no such batch, or no results of it any more. */
  state(id: string, signal: AbortSignal): Promise<'in_progress' | 'ended' | 'gone'>;
  /** The results of a batch that has ended, as they are read from the stream, in any order. */
  results(id: string, signal: AbortSignal, each: Listener<UpstreamResult>): Promise<void>;
  /** Newest first. */
  list(signal: AbortSignal, each: Listener<ListedBatch>): Promise<void>;
  cancel(id: string, signal: AbortSignal): Promise<void>;
}
