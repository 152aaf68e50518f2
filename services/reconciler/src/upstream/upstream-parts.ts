import type { Upstream } from '@mcp-fleet/models';
import type { ReconcilerParts } from '../parts.ts';

export interface UpstreamOptions {
  /** How often it is looked whether there is something to send or to fetch. */
  everyMs: number;
  /** A call that has waited for so long is sent, with all that wait for the same model. */
  ageMs: number;
  /** Calls and bytes of one upstream batch; as many waiting calls are sent at once. */
  requests: number;
  bytes: number;
  /** How long after a creation without an answer its batch is looked for. */
  unknownMs: number;
}

/** What sending calls in upstream batches works on. */
export type UpstreamParts = Pick<ReconcilerParts, 'store' | 'queue' | 'metrics' | 'logger'> & {
  upstream: Upstream;
  options: UpstreamOptions;
  /** Aborted when the process stops. */
  stopping: AbortSignal;
};
