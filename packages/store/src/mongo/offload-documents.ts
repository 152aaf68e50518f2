import type { UpstreamState } from '@mcp-fleet/core';
import type { StoredOfflineCall } from '../offline-codec.ts';

/** What a job left to an upstream batch last, at the job's id. */
export interface OfflineCallDoc extends StoredOfflineCall {
  _id: string;
}

export interface UpstreamBatchDoc {
  _id: string;
  model: string;
  state: UpstreamState;
  /** Absent until it is known. */
  upstream_id?: string;
  requests: number | null;
  began_at: Date;
  sent_at: Date | null;
  ended_at: Date | null;
}
