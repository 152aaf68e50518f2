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
  ContentBlock: ContentBlock;
  ErrorBody: ErrorBody;
  Job: Job;
  JobWebhook: JobWebhook;
  JobWebhookSecrets: JobWebhookSecrets;
  Message: Message;
  NewApiKey: NewApiKey;
  NewJob: NewJob;
  NewJobWebhook: NewJobWebhook1;
  NewSession: NewSession;
  NewWebhook: NewWebhook;
  Session: Session;
  SessionChange: SessionChange;
  SessionFork: SessionFork;
  Step: Step;
  TenantLimits: TenantLimits;
  Tool: Tool;
  ToolResultInfo: ToolResultInfo;
  Webhook: Webhook;
  WebhookChange: WebhookChange;
  WebhookDelivery: WebhookDelivery;
  WebhookWithSecret: WebhookWithSecret;
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
    maxTokens: number;
    thinking?: {
      [k: string]: unknown;
    };
    tools?: string[];
    contextTokens: number;
    unknownOutcome: 'ask_model' | 'retry' | 'fail';
    limits: {
      rounds: number;
      parallelToolCalls: number;
      modelRetries: number;
      toolRetries: number;
      failingRounds: number;
      crashes: number;
      toolTimeoutMs: number;
      modelTimeoutMs: number;
      toolResultChars: number;
      approvalExpiresMs: number;
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
  maxTokens?: number;
  thinking?: {
    [k: string]: unknown;
  };
  tools?: string[];
  contextTokens?: number;
  unknownOutcome?: 'ask_model' | 'retry' | 'fail';
  limits?: {
    rounds?: number;
    parallelToolCalls?: number;
    modelRetries?: number;
    toolRetries?: number;
    failingRounds?: number;
    crashes?: number;
    toolTimeoutMs?: number;
    modelTimeoutMs?: number;
    toolResultChars?: number;
    approvalExpiresMs?: number;
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
export interface ContentBlock {
  type: string;
  [k: string]: unknown;
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
export interface Job {
  id: string;
  type: 'job';
  state: 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'canceled' | 'expired';
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
    until: string;
    reason: string | null;
  } | null;
  usage: {
    input_tokens: number;
    output_tokens: number;
    cache_read_input_tokens: number;
    cache_creation_input_tokens: number;
    model_calls: number;
    tool_calls: number;
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
  events: ('job.succeeded' | 'job.failed' | 'job.canceled' | 'job.expired' | 'approval.requested')[];
}
export interface JobWebhookSecrets {
  type: 'job_webhook_secrets';
  /**
   * `whsec_…` (Standard Webhooks), the newest first. Each signs: two while one is replaced.
   */
  secrets: string[];
}
export interface Message {
  job_id: string;
  role: 'user' | 'assistant';
  content: ContentBlock[];
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
  metadata?: {
    [k: string]: string;
  };
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
export interface NewSession {
  agent?: string;
  on_busy?: 'enqueue' | 'reject' | 'steer' | 'interrupt' | 'rollback';
  metadata?: {
    [k: string]: string;
  };
}
export interface NewWebhook {
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
  description?: string;
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
}
export interface SessionFork {
  /**
   * The last job whose messages the fork has; absent: all.
   */
  until_job?: string;
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
}
export interface Tool {
  name: string;
  description: string;
  input_schema: {
    [k: string]: unknown;
  };
  safety: 'read_only' | 'idempotent' | 'unsafe';
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
export interface Webhook {
  id: string;
  type: 'webhook';
  url: string;
  events: ('job.succeeded' | 'job.failed' | 'job.canceled' | 'job.expired' | 'approval.requested')[];
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
   * @maxItems 5
   */
  events?: ('job.succeeded' | 'job.failed' | 'job.canceled' | 'job.expired' | 'approval.requested')[];
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
  event: 'job.succeeded' | 'job.failed' | 'job.canceled' | 'job.expired' | 'approval.requested';
  /**
   * The `webhook-id` that the receiver gets, the same on every attempt.
   */
  event_id: string;
  job_id: string;
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
  events: ('job.succeeded' | 'job.failed' | 'job.canceled' | 'job.expired' | 'approval.requested')[];
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
