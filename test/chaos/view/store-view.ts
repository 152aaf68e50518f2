import type { TopologyName } from '../options.ts';
import { openMongoView } from './mongo-view.ts';
import { openPostgresView } from './postgres-view.ts';

/** A job as it stands in the store. */
export interface JobRow {
  id: string;
  sessionId: string | null;
  turn: number | null;
  state: string;
  epoch: number;
  crashes: number;
  answer: string | null;
  error: string | null;
  query: string;
  idempotencyKey: string | null;
  /** Milliseconds since the epoch, by whatever clock wrote it. */
  endedAt: number | null;
}

/** A step with the bytes of its body as they are stored. */
export interface StepRow {
  jobId: string;
  round: number;
  slot: number;
  body: string;
}

/**
 * The store as the checker sees it: read with a driver and queries of its own, so that a defect in the
 * product's reading cannot hide one in its writing. Methods throw while the server is away.
 */
export interface StoreView {
  jobs(): Promise<JobRow[]>;
  steps(jobIds?: readonly string[]): Promise<StepRow[]>;
  /** Removes the uniqueness of step positions, which is one of the deliberate defects. */
  dropStepUniqueness(): Promise<void>;
  close(): Promise<void>;
}

export function openStoreView(topology: TopologyName, url: string): StoreView {
  return topology === 'fleet' ? openMongoView(url) : openPostgresView(url);
}
