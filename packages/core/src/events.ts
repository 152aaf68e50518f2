import type { Decision } from './approval.ts';
import type { JobError, JobTotals, TerminalState } from './job.ts';
import type { ToolProgress } from './ports.ts';
import type { Step } from './step.ts';

/** Which job an event is about. */
export interface JobRef {
  jobId: string;
  tenant: string;
  sessionId: string | null;
  epoch: number;
  /** The `traceparent` that the job came with. */
  trace: string | null;
}

/**
 * What the core reports while it runs a job. Logs, metrics, traces and progress streams are listeners.
 * `step_recorded`, `text_delta`, `tool_started` and `tool_progress` carry contents: a listener that writes them anywhere but to the job's own
 * tenant breaks invariant 8.
 */
export type FleetEvent = { job: JobRef } & (
  | { type: 'job_taken'; agent: string; model: string; recordedSteps: number; queuedMs: number }
  | { type: 'model_started'; round: number; model: string }
  /** `offset`: characters of the reply's text that came before. A new `model_started` begins the reply anew. */
  | { type: 'text_delta'; round: number; offset: number; text: string }
  | { type: 'tool_started'; round: number; slot: number; tool: string; input: Record<string, unknown> }
  | ({ type: 'tool_progress'; round: number; slot: number; tool: string } & ToolProgress)
  /** `priced`: the name in the price list that the job's model has its price from. */
  | { type: 'step_recorded'; step: Step; adopted: boolean; priced: string | null }
  | { type: 'approval_requested'; round: number; slot: number; tool: string; expiresMs: number }
  /** Told by each delivery that finds the decision. `by` is null for one that nobody made. */
  | {
      type: 'approval_decided';
      round: number;
      slot: number;
      tool: string;
      decision: Decision['kind'];
      by: string | null;
      edited: boolean;
    }
  | { type: 'job_parked'; waitMs: number | null; reason: string }
  | { type: 'job_handed_back'; reason: string }
  | { type: 'job_superseded' }
  | { type: 'query_joined'; round: number; jobs: string[] }
  | {
      type: 'job_ended';
      state: TerminalState;
      error: JobError | null;
      totals: JobTotals;
      durationMs: number;
    }
);

export type EventListener = (event: FleetEvent) => void;
