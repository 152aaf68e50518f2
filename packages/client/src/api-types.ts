/** Made of the API's OpenAPI document by `npm run generate`; not to be edited. */

export type ApprovalDecision =
  | {
      decision: 'approve';
      /**
       * Other arguments than the model asked for.
       */
      input?: {
        [k: string]: unknown;
      };
      /**
       * Who decided, in the words of the caller; the key is recorded beside it.
       */
      decided_by?: string;
    }
  | {
      decision: 'deny';
      /**
       * The model is told.
       */
      reason?: string;
      /**
       * Who decided, in the words of the caller; the key is recorded beside it.
       */
      decided_by?: string;
    };
export type Step =
  | {
      type: 'reply';
      round: number;
      slot: number;
      duration_ms: number;
      model: string;
      content: ContentBlock[];
      stop_reason: string;
      usage: {
        input_tokens: number;
        output_tokens: number;
      };
      /**
       * US dollars; null when a price was unknown.
       */
      cost_usd: number | null;
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
    }
  | {
      type: 'joined_query';
      round: number;
      slot: number;
      duration_ms: number;
      content: ContentBlock[];
      jobs: string[];
    };

export interface ApiTypes {
  Agent: Agent;
  AgentSettings: AgentSettings;
  ApiKey: ApiKey;
  ApiKeyWithText: ApiKeyWithText;
  Approval: Approval;
  ApprovalDecision: ApprovalDecision;
  AssistantMessage: AssistantMessage;
  AuditEntry: AuditEntry;
  Batch: Batch;
  BatchBudget: BatchBudget;
  BatchEstimate: BatchEstimate;
  BatchLine: BatchLine;
  BatchResult: BatchResult;
  BudgetRaise: BudgetRaise;
  ContentBlock: ContentBlock;
  ErrorBody: ErrorBody;
  Estimate: Estimate;
  Job: Job;
  JobWebhook: JobWebhook;
  JobWebhookSecrets: JobWebhookSecrets;
  Message: Message;
  MessageBatch: MessageBatch;
  MessageParams: MessageParams;
  MessageTokensParams: MessageTokensParams;
  NewApiKey: NewApiKey;
  NewBatch: NewBatch;
  NewJob: NewJob;
  NewJobWebhook: NewJobWebhook1;
  NewMessageBatch: NewMessageBatch;
  NewSession: NewSession;
  NewWebhook: NewWebhook;
  Overview: Overview;
  OverviewPeriod: OverviewPeriod;
  Session: Session;
  SessionChange: SessionChange;
  SessionFork: SessionFork;
  Step: Step;
  TenantLimits: TenantLimits;
  Tool: Tool;
  ToolResultInfo: ToolResultInfo;
  UploadedBatch: UploadedBatch;
  Webhook: Webhook;
  WebhookChange: WebhookChange;
  WebhookDelivery: WebhookDelivery;
  WebhookWithSecret: WebhookWithSecret;
  Worker: Worker;
}
export interface Agent {
  /**
   * The name.
   */
  id: string;
  type: 'agent';
  version: number;
  source: 'config' | 'api';
  settings: {
    model: string;
    system?: string;
    max_tokens: number;
    thinking?: {
      [k: string]: unknown;
    };
    sampling?: {
      temperature?: number;
      top_p?: number;
      top_k?: number;
      stop_sequences?: string[];
    };
    /**
     * @maxItems 1000
     */
    tools?: string[];
    context_tokens: number;
    unknown_outcome: 'ask_model' | 'retry' | 'fail';
    execution: 'live' | 'provider_batch' | 'auto';
    limits: {
      rounds: number;
      parallel_tool_calls: number;
      model_retries: number;
      tool_retries: number;
      failing_rounds: number;
      crashes: number;
      tool_timeout_ms: number;
      model_timeout_ms: number;
      tool_result_chars: number;
      approval_expires_ms: number;
      cost_usd?: number;
      tokens?: number;
    };
  };
  /**
   * Null for an agent of the configuration file.
   */
  created_at: string | null;
}
/**
 * What is left out is that of the agent `default`.
 */
export interface AgentSettings {
  model?: string;
  system?: string;
  max_tokens?: number;
  thinking?: {
    [k: string]: unknown;
  };
  sampling?: {
    temperature?: number;
    top_p?: number;
    top_k?: number;
    stop_sequences?: string[];
  };
  /**
   * @maxItems 1000
   */
  tools?: string[];
  context_tokens?: number;
  unknown_outcome?: 'ask_model' | 'retry' | 'fail';
  execution?: 'live' | 'provider_batch' | 'auto';
  limits?: {
    rounds?: number;
    parallel_tool_calls?: number;
    model_retries?: number;
    tool_retries?: number;
    failing_rounds?: number;
    crashes?: number;
    tool_timeout_ms?: number;
    model_timeout_ms?: number;
    tool_result_chars?: number;
    approval_expires_ms?: number;
    cost_usd?: number;
    tokens?: number;
  };
}
export interface ApiKey {
  id: string;
  type: 'api_key';
  tenant: string;
  name: string;
  scopes: (
    | 'jobs:read'
    | 'jobs:write'
    | 'sessions:read'
    | 'sessions:write'
    | 'agents:read'
    | 'agents:write'
    | 'tools:call'
    | 'approvals:write'
    | 'webhooks:write'
    | 'admin'
    | 'operator'
  )[];
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}
export interface ApiKeyWithText {
  id: string;
  type: 'api_key';
  tenant: string;
  name: string;
  scopes: (
    | 'jobs:read'
    | 'jobs:write'
    | 'sessions:read'
    | 'sessions:write'
    | 'agents:read'
    | 'agents:write'
    | 'tools:call'
    | 'approvals:write'
    | 'webhooks:write'
    | 'admin'
    | 'operator'
  )[];
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
  /**
   * The key itself, shown this once.
   */
  key: string;
}
export interface Approval {
  id: string;
  type: 'approval';
  job_id: string;
  tool_use_id: string;
  tool: string;
  /**
   * The arguments that the model asked for.
   */
  input: {
    [k: string]: unknown;
  };
  state: 'pending' | 'approved' | 'denied' | 'expired';
  /**
   * The arguments that the call is sent with.
   */
  approved_input: {
    [k: string]: unknown;
  } | null;
  reason: string | null;
  decided_by: string | null;
  decided_at: string | null;
  requested_at: string;
  expires_at: string;
}
export interface AssistantMessage {
  id: string;
  type: 'message';
  role: 'assistant';
  model: string;
  content: ContentBlock[];
  stop_reason: string | null;
  stop_sequence: string | null;
  usage: {
    input_tokens: number;
    output_tokens: number;
    cache_creation_input_tokens: number;
    cache_read_input_tokens: number;
    service_tier: 'standard' | 'batch';
  };
}
export interface ContentBlock {
  type: string;
  [k: string]: unknown;
}
export interface AuditEntry {
  type: 'audit_entry';
  tenant: string;
  /**
   * Number in the tenant's log, from 1, without gaps.
   */
  n: number;
  at: string;
  /**
   * Id of the caller's key; `local` for a caller on the same machine that needs none.
   */
  actor: string;
  action: string;
  target: string;
  details: {
    [k: string]: string;
  };
  /**
   * `hash` of the entry before.
   */
  previous: string;
  /**
   * SHA-256 of the JSON array [previous, tenant, n, at, actor, action, target, details with sorted keys].
   */
  hash: string;
}
export interface Batch {
  id: string;
  type: 'batch';
  state: 'uploading' | 'in_progress' | 'paused' | 'canceling' | 'expiring' | 'ended';
  agent: string;
  on_invalid: 'reject' | 'skip';
  metadata: {
    [k: string]: string;
  };
  /**
   * Bytes of the upload that are stored; a broken upload goes on there.
   */
  bytes: number;
  lines: number;
  counts: {
    waiting: number;
    open: number;
    succeeded: number;
    errored: number;
    canceled: number;
    expired: number;
    invalid: number;
  };
  usage: {
    input_tokens: number;
    output_tokens: number;
    cache_read_input_tokens: number;
    cache_creation_input_tokens: number;
    model_calls: number;
    tool_calls: number;
    /**
     * Null when the price of a model is not known.
     */
    cost_usd: number | null;
  };
  progress: {
    ended: number;
    /**
     * Since the batch began.
     */
    lines_per_second: number | null;
    seconds_left: number | null;
  };
  budget: {
    max_cost_usd: number | null;
    max_tokens: number | null;
  };
  pause_reason: string | null;
  created_at: string;
  finalized_at: string | null;
  expires_at: string;
  cancel_requested_at: string | null;
  ended_at: string | null;
}
export interface BatchBudget {
  /**
   * Null for no limit.
   */
  max_cost_usd?: number | null;
  max_tokens?: number | null;
}
/**
 * The least and the most that lines may use, at the prices of how they would be run.
 */
export interface BatchEstimate {
  type: 'batch_estimate';
  /**
   * Lines that are valid, and would run.
   */
  lines: number;
  invalid: number;
  tokens: {
    min: number;
    max: number;
  };
  /**
   * Null when the price of a model is not known.
   */
  cost_usd: {
    min: number;
    max: number;
  } | null;
  /**
   * Models that answer; those alone whose price is not known, if there are such. At most 100.
   */
  models: string[];
  /**
   * The first 100 lines that are not valid.
   */
  invalid_lines: {
    line: number;
    message: string;
  }[];
}
export interface BatchLine {
  /**
   * Unique in the batch; absent: `line-<number>`.
   */
  custom_id?: string;
  /**
   * What the agent is to do, as text or as content blocks.
   */
  query:
    | string
    | (
        | {
            type: 'text';
            text: string;
            [k: string]: unknown;
          }
        | {
            type: string;
            [k: string]: unknown;
          }
      )[];
  /**
   * Lines of one session run in their order, those of different sessions in parallel.
   */
  session_id?: string;
  /**
   * Instead of the batch's.
   */
  agent?: string;
  model?: string;
  system?: string;
  max_tokens?: number;
  metadata?: {
    [k: string]: string;
  };
}
export interface BatchResult {
  line: number;
  custom_id: string | null;
  state: 'waiting' | 'open' | 'succeeded' | 'errored' | 'canceled' | 'expired' | 'invalid';
  job_id: string | null;
  session_id: string | null;
  answer: string | null;
  stop_reason: string | null;
  error: {
    type: string;
    message: string;
  } | null;
  usage: {
    input_tokens: number;
    output_tokens: number;
    model_calls: number;
    tool_calls: number;
    cost_usd: number | null;
  } | null;
  metadata: {
    [k: string]: string;
  } | null;
  started_at: string | null;
  ended_at: string | null;
}
/**
 * What is absent stays; null is without bound.
 */
export interface BudgetRaise {
  max_cost_usd?: number | null;
  max_tokens?: number | null;
}
export interface ErrorBody {
  type: 'error';
  error: {
    /**
     * One of the kinds that users of the Anthropic API know.
     */
    type: string;
    /**
     * What exactly happened; stable.
     */
    code: string;
    message: string;
  };
  request_id: string;
}
/**
 * The least and the most that a job may use. Add them up for many jobs.
 */
export interface Estimate {
  type: 'estimate';
  model: string;
  tokens: {
    min: number;
    max: number;
  };
  /**
   * Null when the model's price is unknown.
   */
  cost_usd: {
    min: number;
    max: number;
  } | null;
}
export interface Job {
  id: string;
  type: 'job';
  state: 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'canceled' | 'expired';
  priority: 'interactive' | 'batch';
  session_id: string | null;
  turn: number | null;
  agent: string;
  agent_version: number;
  model: string;
  query: ContentBlock[];
  answer: string | null;
  stop_reason: string | null;
  error: {
    type: string;
    message: string;
  } | null;
  wait: {
    /**
     * Null: until something makes the job due.
     */
    until: string | null;
    reason: string | null;
  } | null;
  /**
   * Null for a job that may use what it likes.
   */
  budget: {
    max_cost_usd: number | null;
    max_tokens: number | null;
    /**
     * Why the job waits for its budget; null when it does not.
     */
    shortfall: {
      spent: {
        /**
         * US dollars; null when a price was unknown.
         */
        cost_usd: number | null;
        tokens: number;
      };
      /**
       * The most that the next model call may use.
       */
      next_call: {
        /**
         * US dollars; null when a price was unknown.
         */
        cost_usd: number | null;
        tokens: number;
      };
    } | null;
  } | null;
  usage: {
    input_tokens: number;
    output_tokens: number;
    cache_read_input_tokens: number;
    cache_creation_input_tokens: number;
    model_calls: number;
    tool_calls: number;
    /**
     * US dollars; null when a price was unknown.
     */
    cost_usd: number | null;
  } | null;
  metadata: {
    [k: string]: string;
  };
  attempts: number;
  not_before: string | null;
  expires_at: string | null;
  deadline: string | null;
  joined: string | null;
  replay_of: string | null;
  webhook: JobWebhook | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
}
export interface JobWebhook {
  url: string;
  events: (
    | 'job.succeeded'
    | 'job.failed'
    | 'job.canceled'
    | 'job.expired'
    | 'approval.requested'
    | 'batch.ended'
  )[];
}
export interface JobWebhookSecrets {
  type: 'job_webhook_secrets';
  /**
   * `whsec_…` (Standard Webhooks), the newest first. Each signs: two while one is replaced.
   */
  secrets: string[];
}
export interface Message {
  /**
   * Names the message in a fork; never changes.
   */
  id: string;
  job_id: string;
  role: 'user' | 'assistant';
  content: ContentBlock[];
}
export interface MessageBatch {
  id: string;
  type: 'message_batch';
  processing_status: 'in_progress' | 'canceling' | 'ended';
  /**
   * All are processing until the whole batch has ended.
   */
  request_counts: {
    processing: number;
    succeeded: number;
    errored: number;
    canceled: number;
    expired: number;
  };
  created_at: string;
  expires_at: string;
  ended_at: string | null;
  cancel_initiated_at: string | null;
  archived_at: string | null;
  results_url: string | null;
}
export interface MessageParams {
  /**
   * Such as `claude-sonnet-5-5`, or `provider/model` of the fleet.
   */
  model: string;
  /**
   * @minItems 1
   * @maxItems 100000
   */
  messages: {
    role: 'user' | 'assistant';
    content:
      | string
      | (
          | {
              type: 'text';
              text: string;
              [k: string]: unknown;
            }
          | {
              type: string;
              [k: string]: unknown;
            }
        )[];
  }[];
  system?:
    | string
    | {
        type: 'text';
        text: string;
        [k: string]: unknown;
      }[];
  thinking?: {
    [k: string]: unknown;
  };
  /**
   * Servers whose tools the fleet runs, by name.
   *
   * @maxItems 100
   */
  mcp_servers?: {
    type: 'url';
    /**
     * Name of a server that the operator has configured.
     */
    name: string;
    /**
     * Not used: the address is the one that the operator configured.
     */
    url?: string;
    tool_configuration?: {
      enabled?: boolean | null;
      allowed_tools?: string[] | null;
    } | null;
  }[];
  /**
   * Which tools of `mcp_servers`; absent: all.
   *
   * @maxItems 100
   */
  tools?: {
    type: 'mcp_toolset';
    mcp_server_name: string;
    default_config?: {
      enabled?: boolean;
    } | null;
    configs?: {
      [k: string]: {
        enabled?: boolean;
      };
    } | null;
    cache_control?: unknown;
  }[];
  tool_choice?: {
    type: 'auto' | 'none';
  };
  /**
   * Not used: caching is automatic.
   */
  cache_control?: {
    [k: string]: unknown;
  };
  max_tokens: number;
  temperature?: number;
  top_p?: number;
  top_k?: number;
  /**
   * @maxItems 1000
   */
  stop_sequences?: string[];
  metadata?: {
    user_id?: string | null;
  };
  /**
   * Not used: the fleet has one tier.
   */
  service_tier?: 'auto' | 'standard_only';
  stream?: boolean;
}
export interface MessageTokensParams {
  /**
   * Such as `claude-sonnet-5-5`, or `provider/model` of the fleet.
   */
  model: string;
  /**
   * @minItems 1
   * @maxItems 100000
   */
  messages: {
    role: 'user' | 'assistant';
    content:
      | string
      | (
          | {
              type: 'text';
              text: string;
              [k: string]: unknown;
            }
          | {
              type: string;
              [k: string]: unknown;
            }
        )[];
  }[];
  system?:
    | string
    | {
        type: 'text';
        text: string;
        [k: string]: unknown;
      }[];
  thinking?: {
    [k: string]: unknown;
  };
  /**
   * Servers whose tools the fleet runs, by name.
   *
   * @maxItems 100
   */
  mcp_servers?: {
    type: 'url';
    /**
     * Name of a server that the operator has configured.
     */
    name: string;
    /**
     * Not used: the address is the one that the operator configured.
     */
    url?: string;
    tool_configuration?: {
      enabled?: boolean | null;
      allowed_tools?: string[] | null;
    } | null;
  }[];
  /**
   * Which tools of `mcp_servers`; absent: all.
   *
   * @maxItems 100
   */
  tools?: {
    type: 'mcp_toolset';
    mcp_server_name: string;
    default_config?: {
      enabled?: boolean;
    } | null;
    configs?: {
      [k: string]: {
        enabled?: boolean;
      };
    } | null;
    cache_control?: unknown;
  }[];
  tool_choice?: {
    type: 'auto' | 'none';
  };
  /**
   * Not used: caching is automatic.
   */
  cache_control?: {
    [k: string]: unknown;
  };
}
export interface NewApiKey {
  /**
   * Absent: the caller's. Another needs the scope `operator`.
   */
  tenant?: string;
  name?: string;
  /**
   * @minItems 1
   * @maxItems 11
   */
  scopes: (
    | 'jobs:read'
    | 'jobs:write'
    | 'sessions:read'
    | 'sessions:write'
    | 'agents:read'
    | 'agents:write'
    | 'tools:call'
    | 'approvals:write'
    | 'webhooks:write'
    | 'admin'
    | 'operator'
  )[];
  expires_at?: string;
}
export interface NewBatch {
  /**
   * The agent of lines that name none.
   */
  agent?: string;
  /**
   * `reject` lets nothing run while a line is not valid, `skip` leaves such lines out.
   */
  on_invalid?: 'reject' | 'skip';
  /**
   * US dollars for all lines: once they come to it, the batch pauses until this is raised.
   */
  max_cost_usd?: number;
  /**
   * Tokens in and out for all lines, likewise.
   */
  max_tokens?: number;
  /**
   * Lines that have not ended by then expire; absent: in 24 hours.
   */
  expires_at?: string;
  metadata?: {
    [k: string]: string;
  };
}
export interface NewJob {
  /**
   * What the agent is to do, as text or as content blocks.
   */
  query:
    | string
    | (
        | {
            type: 'text';
            text: string;
            [k: string]: unknown;
          }
        | {
            type: string;
            [k: string]: unknown;
          }
      )[];
  /**
   * Absent: a job of its own, without a conversation.
   */
  session_id?: string;
  agent?: string;
  /**
   * Instead of the agent's, `provider/model`.
   */
  model?: string;
  overrides?: AgentSettings;
  metadata?: {
    [k: string]: string;
  };
  /**
   * `batch` waits behind no query and delays none: it has places of its own. Absent: `interactive`.
   */
  priority?: 'interactive' | 'batch';
  /**
   * What happens when the session is busy; absent: the session's own policy.
   */
  on_busy?: 'enqueue' | 'reject' | 'steer' | 'interrupt' | 'rollback';
  /**
   * The job waits until then.
   */
  not_before?: string;
  /**
   * The job expires when it was not started by then.
   */
  expires_at?: string;
  /**
   * The job fails when it has not ended by then.
   */
  deadline?: string;
  webhook?: NewJobWebhook;
  /**
   * US dollars; a model call that may cost more than is left is not made, and the job waits. Absent: the agent's `limits.costUsd`.
   */
  max_cost_usd?: number;
  /**
   * Tokens in and out, of the whole job. Absent: the agent's `limits.tokens`.
   */
  max_tokens?: number;
}
/**
 * A URL that is told of this job, beside registered webhooks.
 */
export interface NewJobWebhook {
  /**
   * https, unless the operator allows its host.
   */
  url: string;
  /**
   * Empty for all.
   *
   * @maxItems 5
   */
  events?: ('job.succeeded' | 'job.failed' | 'job.canceled' | 'job.expired' | 'approval.requested')[];
}
export interface NewJobWebhook1 {
  /**
   * https, unless the operator allows its host.
   */
  url: string;
  /**
   * Empty for all.
   *
   * @maxItems 5
   */
  events?: ('job.succeeded' | 'job.failed' | 'job.canceled' | 'job.expired' | 'approval.requested')[];
}
export interface NewMessageBatch {
  /**
   * @minItems 1
   * @maxItems 100000
   */
  requests: {
    custom_id: string;
    /**
     * See `MessageParams`; checked when its turn comes.
     */
    params: {
      [k: string]: unknown;
    };
  }[];
}
export interface NewSession {
  agent?: string;
  on_busy?: 'enqueue' | 'reject' | 'steer' | 'interrupt' | 'rollback';
  metadata?: {
    [k: string]: string;
  };
  /**
   * Seconds after which the session is deleted with everything in it when no job of it was accepted or ended and it was not changed; null: it is kept.
   */
  ttl_seconds?: number | null;
}
export interface NewWebhook {
  /**
   * https, unless the operator allows its host.
   */
  url: string;
  /**
   * Empty for all.
   *
   * @maxItems 6
   */
  events?: (
    | 'job.succeeded'
    | 'job.failed'
    | 'job.canceled'
    | 'job.expired'
    | 'approval.requested'
    | 'batch.ended'
  )[];
  description?: string;
}
export interface Overview {
  type: 'overview';
  at: string;
  /**
   * False when there were more jobs than are looked at: the oldest are missing in the numbers.
   */
  complete: boolean;
  /**
   * Jobs that are queued or waiting, counted up to 10,000.
   */
  queued: number;
  running: number;
  /**
   * Of jobs that ended today, in UTC.
   */
  day_cost_usd: number;
  /**
   * Of the whole fleet, as they said of themselves in the last 15 seconds.
   */
  workers: {
    count: number;
    in_flight: number;
    places: number;
  };
  totals: OverviewPeriod;
  /**
   * 60 of one length, oldest first.
   */
  periods: OverviewPeriod[];
  /**
   * Most frequent first.
   */
  errors: {
    type: string;
    count: number;
  }[];
}
export interface OverviewPeriod {
  /**
   * When it begins.
   */
  at: string;
  accepted: number;
  succeeded: number;
  failed: number;
  canceled: number;
  expired: number;
  /**
   * In and out, of jobs that ended in it.
   */
  tokens: number;
  cost_usd: number;
  /**
   * From acceptance to the end, of jobs that ended in it.
   */
  duration_ms: {
    p50: number;
    p95: number;
  } | null;
  /**
   * From acceptance to the first take, of jobs that were taken in it.
   */
  queue_ms: {
    p50: number;
    p95: number;
  } | null;
}
export interface Session {
  id: string;
  type: 'session';
  agent: string;
  on_busy: 'enqueue' | 'reject' | 'steer' | 'interrupt' | 'rollback';
  active_job: string | null;
  metadata: {
    [k: string]: string;
  };
  ttl_seconds: number | null;
  /**
   * Null while a job has not ended, and without `ttl_seconds`.
   */
  expires_at: string | null;
  created_at: string;
  updated_at: string;
}
export interface SessionChange {
  on_busy?: 'enqueue' | 'reject' | 'steer' | 'interrupt' | 'rollback';
  /**
   * Takes the place of all metadata.
   */
  metadata?: {
    [k: string]: string;
  };
  /**
   * Seconds after which the session is deleted with everything in it when no job of it was accepted or ended and it was not changed; null: it is kept.
   */
  ttl_seconds?: number | null;
}
export interface SessionFork {
  /**
   * The last job whose messages the fork has; absent: all.
   */
  until_job?: string;
  /**
   * Instead of a job, the last message that the fork has: a reply, or tool results. The results of the calls that a reply asks for come with it, in the middle of a turn as well. A message that ends with a query is refused: fork at the one before, and send the query again.
   */
  until_message?: string;
  /**
   * Instead of the session's.
   */
  metadata?: {
    [k: string]: string;
  };
}
export interface TenantLimits {
  /**
   * Counted over all apis.
   */
  requests_per_minute: number | null;
  /**
   * Jobs that are queued or waiting.
   */
  queued_jobs: number | null;
  /**
   * While so many run, submissions are refused. Jobs that were accepted before are not held back.
   */
  running_jobs: number | null;
  /**
   * US dollars that jobs which end on one day, in UTC, may have cost before no new one is accepted. Absent: null.
   */
  daily_cost_usd?: number | null;
  /**
   * Part in the work of batches, in proportion to the weights of others. Absent: 1.
   */
  weight?: number;
}
export interface Tool {
  name: string;
  description: string;
  input_schema: {
    [k: string]: unknown;
  };
  safety: 'read_only' | 'idempotent' | 'unsafe';
  /**
   * True when a call of it has to be approved.
   */
  approval: boolean;
}
export interface ToolResultInfo {
  tool_use_id: string;
  type: 'tool_result_info';
  tool: string;
  outcome: 'ok' | 'error' | 'unknown' | 'denied' | 'expired';
  round: number;
  duration_ms: number;
  content_type: string;
  /**
   * Bytes of the download.
   */
  size: number;
  /**
   * True when the model saw a part only; a download is whole.
   */
  cut: boolean;
}
export interface UploadedBatch {
  id: string;
  type: 'batch';
  state: 'uploading' | 'in_progress' | 'paused' | 'canceling' | 'expiring' | 'ended';
  agent: string;
  on_invalid: 'reject' | 'skip';
  metadata: {
    [k: string]: string;
  };
  /**
   * Bytes of the upload that are stored; a broken upload goes on there.
   */
  bytes: number;
  lines: number;
  counts: {
    waiting: number;
    open: number;
    succeeded: number;
    errored: number;
    canceled: number;
    expired: number;
    invalid: number;
  };
  usage: {
    input_tokens: number;
    output_tokens: number;
    cache_read_input_tokens: number;
    cache_creation_input_tokens: number;
    model_calls: number;
    tool_calls: number;
    /**
     * Null when the price of a model is not known.
     */
    cost_usd: number | null;
  };
  progress: {
    ended: number;
    /**
     * Since the batch began.
     */
    lines_per_second: number | null;
    seconds_left: number | null;
  };
  budget: {
    max_cost_usd: number | null;
    max_tokens: number | null;
  };
  pause_reason: string | null;
  created_at: string;
  finalized_at: string | null;
  expires_at: string;
  cancel_requested_at: string | null;
  ended_at: string | null;
  /**
   * The first 100 lines of this upload that are not valid; all are among the results.
   */
  invalid_lines: {
    line: number;
    message: string;
  }[];
}
export interface Webhook {
  id: string;
  type: 'webhook';
  url: string;
  events: (
    | 'job.succeeded'
    | 'job.failed'
    | 'job.canceled'
    | 'job.expired'
    | 'approval.requested'
    | 'batch.ended'
  )[];
  description: string;
  enabled: boolean;
  disabled_reason: string | null;
  /**
   * Since when every attempt has failed.
   */
  failing_since: string | null;
  created_at: string;
  updated_at: string;
}
export interface WebhookChange {
  /**
   * https, unless the operator allows its host.
   */
  url?: string;
  /**
   * Empty for all.
   *
   * @maxItems 6
   */
  events?: (
    | 'job.succeeded'
    | 'job.failed'
    | 'job.canceled'
    | 'job.expired'
    | 'approval.requested'
    | 'batch.ended'
  )[];
  description?: string;
  enabled?: boolean;
}
export interface WebhookDelivery {
  id: string;
  type: 'webhook_delivery';
  /**
   * Null for the job's own webhook.
   */
  webhook_id: string | null;
  /**
   * Where the job's own webhook leads; null for a registered one.
   */
  url: string | null;
  event:
    | 'job.succeeded'
    | 'job.failed'
    | 'job.canceled'
    | 'job.expired'
    | 'approval.requested'
    | 'batch.ended';
  /**
   * The `webhook-id` that the receiver gets, the same on every attempt.
   */
  event_id: string;
  /**
   * Null for the end of a batch.
   */
  job_id: string | null;
  batch_id: string | null;
  attempts: number;
  outcome: ('delivered' | 'failed' | 'gone' | 'refused') | null;
  status: number | null;
  error: string | null;
  duration_ms: number | null;
  next_attempt_at: string | null;
  delivered_at: string | null;
  created_at: string;
}
export interface WebhookWithSecret {
  id: string;
  type: 'webhook';
  url: string;
  events: (
    | 'job.succeeded'
    | 'job.failed'
    | 'job.canceled'
    | 'job.expired'
    | 'approval.requested'
    | 'batch.ended'
  )[];
  description: string;
  enabled: boolean;
  disabled_reason: string | null;
  /**
   * Since when every attempt has failed.
   */
  failing_since: string | null;
  created_at: string;
  updated_at: string;
  /**
   * `whsec_…` (Standard Webhooks), shown this once.
   */
  secret: string;
}
export interface Worker {
  type: 'worker';
  id: string;
  host: string;
  started_at: string;
  seen_at: string;
  /**
   * Jobs that it holds.
   */
  in_flight: number;
  places: number;
  draining: boolean;
  servers: {
    name: string;
    transport: string;
    state: 'idle' | 'starting' | 'ready' | 'down' | 'stopped';
    tools: number;
    in_flight: number;
    restarts: number;
  }[];
}
