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
  /**
   * A piece of the reply that the model is writing; `offset` is the characters before it. Best effort: a gap means that
   * some was missed, a new `model_started` that the reply begins anew. The reply's step has the whole text.
   */
  | { event: 'text_delta'; data: { round: number; offset: number; text: string } }
  | {
      event: 'tool_started';
      data: { round: number; slot: number; tool: string; input: Record<string, unknown> };
    }
  /** What a tool server says of a call that it is working on. Best effort. */
  | {
      event: 'tool_progress';
      data: {
        round: number;
        slot: number;
        tool: string;
        progress: number;
        total: number | null;
        message: string | null;
      };
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
