import type { Job, NewSession, Session, Step } from './api-types.ts';

export type * from './api-types.ts';

export type JobState = Job['state'];

/** What happens to a query whose session is busy with an earlier one. */
export type BusyPolicy = NonNullable<NewSession['on_busy']> & Session['on_busy'];

/** Which jobs a list, a cancellation or a replay is about; what is absent matches everything. */
export interface JobFilter {
  state?: JobState;
  session_id?: string;
  /** Type of the error that a job failed with. */
  error?: string;
}

/** What happens to a job, as it happens. */
export type JobEvent =
  | { event: 'model_started'; data: { round: number; model: string } }
  | { event: 'text_delta'; data: { round: number; text: string } }
  | {
      event: 'tool_started';
      data: { round: number; slot: number; tool: string; input: Record<string, unknown> };
    }
  | { event: 'step'; data: Step }
  | { event: 'waiting'; data: { until: string | null; reason: string } }
  | { event: 'ended'; data: Job };

export interface PageQuery {
  limit?: number;
  /** The `last_id` of the page before. */
  after_id?: string;
}

export interface Page<T> {
  data: T[];
  has_more: boolean;
  first_id: string | null;
  last_id: string | null;
}
