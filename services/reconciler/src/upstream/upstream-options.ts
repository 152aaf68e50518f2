import type { Environment } from '@mcp-fleet/runtime';
import type { UpstreamOptions } from './upstream-parts.ts';

/** How calls are collected and sent, as the environment has it. */
export function upstreamOptions(environment: Environment): UpstreamOptions {
  return {
    everyMs: environment.UPSTREAM_EVERY_MS,
    ageMs: environment.UPSTREAM_AGE_MS,
    requests: environment.UPSTREAM_REQUESTS,
    bytes: environment.UPSTREAM_BYTES,
    unknownMs: environment.UPSTREAM_UNKNOWN_MS,
  };
}
