import type { EventListener } from '@mcp-fleet/core';

/** A request to the api, as it is traced. */
export interface TracedRequest {
  /** What the jobs that it brings belong to. */
  traceparent: string;
  end(status: number): void;
}

/** Where spans go, if they go anywhere. */
export interface Tracing {
  /** Begins the span of a request. `parent` is the `traceparent` that it came with. */
  request(method: string, route: string, parent: string | null): TracedRequest;
  /** Makes spans of what the core tells: one a delivery of a job, and in it one a model call and one a tool call. */
  listen: EventListener;
  /** Sends what was not sent yet. */
  stop(): Promise<void>;
}

/** A `traceparent` in the form of W3C Trace Context, version 00; null for anything else. */
export function parseTraceparent(header: unknown): string | null {
  return typeof header === 'string' &&
    /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(header)
    ? header
    : null;
}
