import type { Step } from '@mcp-fleet/core';
import { step as stepSchema } from '@mcp-fleet/core';
import type { LoggedRequest } from '@mcp-fleet/simulator';
import type { BatchRun } from '../load/batch-load.ts';
import type { Submission } from '../load/producer.ts';
import type { Observations } from '../observer.ts';
import type { FaultEntry } from '../schedule.ts';
import type { LedgerEntry } from '../servers/behaviour.ts';
import type { JobRow, StepRow } from '../view/store-view.ts';

/** All that a check may look at: what the store holds, and what was counted outside of the fleet. */
export interface Evidence {
  submissions: readonly Submission[];
  /** Null in a run without a batch. */
  batch: BatchRun | null;
  jobs: readonly JobRow[];
  steps: readonly StepRow[];
  observations: Observations;
  requests: readonly LoggedRequest[];
  ledger: readonly LedgerEntry[];
  faults: readonly FaultEntry[];
  /** When each life of a worker began, by the name that the simulator knows it by. */
  lives: ReadonlyMap<string, number>;
  /** What was left in the queue when all jobs had ended, or the time was over. */
  queue: { waiting: number; active: number; delayed: number };
  /** What was still there after everything had been told to end. */
  leftovers: readonly string[];
}

/** A broken promise. */
export interface Violation {
  check: string;
  /** The job or session that it is about. */
  id: string | null;
  what: string;
}

/** A check: one promise, looked at after the run. */
export interface Check {
  name: string;
  /** Returns what is broken, each as an id and a sentence. */
  find(evidence: Evidence): { id: string | null; what: string }[];
}

/** A job's steps, parsed. */
export function parsedSteps(steps: readonly StepRow[]): Map<string, Step[]> {
  const byJob = new Map<string, Step[]>();
  for (const row of steps) {
    const known = byJob.get(row.jobId) ?? [];
    known.push(stepSchema.parse(JSON.parse(row.body)));
    byJob.set(row.jobId, known);
  }
  for (const known of byJob.values()) known.sort((a, b) => a.round - b.round || a.slot - b.slot);
  return byJob;
}

/** The jobs of each session in the order of their turns. */
export function bySession(jobs: readonly JobRow[]): Map<string, JobRow[]> {
  const sessions = Map.groupBy(
    jobs.filter((job) => job.sessionId !== null),
    (job) => job.sessionId as string,
  );
  for (const own of sessions.values()) own.sort((a, b) => (a.turn ?? Infinity) - (b.turn ?? Infinity));
  return sessions;
}

/** Milliseconds that a worker with an outdated view needs to notice what went on without it. */
const noticeMs = 6_000;

/** True when, at a moment, a worker may have been acting on an outdated view of the store. */
export function mayBeOutdated(faults: readonly FaultEntry[], worker: string | null, at: number): boolean {
  return faults.some(
    ({ outdates, from, to }) =>
      outdates !== null &&
      (worker === null || outdates === 'all' || outdates === worker) &&
      at >= from &&
      at <= to + noticeMs,
  );
}
