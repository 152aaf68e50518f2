/** A content block of a message in Anthropic's form. */
export interface ContentBlock {
  type: string;
  [key: string]: unknown;
}

/** What happens to a query whose session is busy with an earlier one. */
export type BusyPolicy = 'enqueue' | 'reject' | 'steer' | 'interrupt' | 'rollback';

/** Which jobs a list, a cancellation or a replay is about; what is absent matches everything. */
export interface JobFilter {
  state?: JobState;
  session_id?: string;
  /** Type of the error that a job failed with. */
  error?: string;
}

export type JobState = 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'canceled' | 'expired';

/** A job as the API shows it. Times are ISO 8601. */
export interface Job {
  id: string;
  type: 'job';
  state: JobState;
  session_id: string | null;
  turn: number | null;
  agent: string;
  model: string;
  query: ContentBlock[];
  answer: string | null;
  stop_reason: string | null;
  error: { type: string; message: string } | null;
  wait: { until: string; reason: string | null } | null;
  usage: {
    input_tokens: number;
    output_tokens: number;
    cache_read_input_tokens: number;
    cache_creation_input_tokens: number;
    model_calls: number;
    tool_calls: number;
  } | null;
  metadata: Record<string, string>;
  attempts: number;
  not_before: string | null;
  expires_at: string | null;
  deadline: string | null;
  /** The turn that this query joined and ends with (busy policy `steer`). */
  joined: string | null;
  /** The ended job that this one repeats. */
  replay_of: string | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
}

export interface Session {
  id: string;
  type: 'session';
  agent: string;
  on_busy: BusyPolicy;
  active_job: string | null;
  metadata: Record<string, string>;
  created_at: string;
  updated_at: string;
}

export interface SessionMessage {
  job_id: string;
  role: 'user' | 'assistant';
  content: ContentBlock[];
}

/** A recorded step: a model reply, a tool result, or queries that joined the turn. */
export type Step =
  | {
      type: 'joined_query';
      round: number;
      slot: number;
      duration_ms: number;
      content: ContentBlock[];
      jobs: string[];
    }
  | {
      type: 'reply';
      round: number;
      slot: number;
      duration_ms: number;
      model: string;
      content: ContentBlock[];
      stop_reason: string;
      usage: { input_tokens: number; output_tokens: number };
    }
  | {
      type: 'tool_result';
      round: number;
      slot: number;
      duration_ms: number;
      tool: string;
      tool_use_id: string;
      content: string | ContentBlock[];
      outcome: 'ok' | 'error' | 'unknown' | 'denied' | 'expired';
      blob: string | null;
    };

export interface Tool {
  name: string;
  description: string;
  input_schema: Record<string, unknown>;
  safety: 'read_only' | 'idempotent' | 'unsafe';
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
  | { event: 'waiting'; data: { until: string; reason: string } }
  | { event: 'ended'; data: Job };

export interface Page<T> {
  data: T[];
  has_more: boolean;
  first_id: string | null;
  last_id: string | null;
}

/** What `jobs.create` takes. */
export interface NewJob {
  query: string | ContentBlock[];
  session_id?: string;
  agent?: string;
  model?: string;
  metadata?: Record<string, string>;
  on_busy?: BusyPolicy;
  /** ISO 8601, as the other times. */
  not_before?: string;
  expires_at?: string;
  deadline?: string;
}
