import type { AgentSpec, StoredAgent, ToolSafety, UnknownOutcomePolicy } from './agent.ts';
import type { ApiKey, NewApiKey, TenantLimits } from './api-key.ts';
import type {
  Approval,
  ApprovalFilter,
  Decided,
  NewApproval,
  RequestedApproval,
  Verdict,
} from './approval.ts';
import type { ErrorCode } from './errors.ts';
import type { Failures, Job, JobError, JobState, JobTotals, NewJob, TerminalState, Turn } from './job.ts';
import type { ContentBlock, Message } from './message.ts';
import type { NewSession, Session } from './session.ts';
import type { Position, ReplyStep, Step, Usage } from './step.ts';
import type {
  Delivery,
  DueDeliveries,
  EndedAttempt,
  NewDelivery,
  NewWebhook,
  UnannouncedJob,
  Webhook,
  WebhookChange,
} from './webhook.ts';

/** A job at an epoch, and the session whose turn it is. */
export interface HeldJob {
  jobId: string;
  sessionId: string | null;
  epoch: number;
}

/** A worker's right to write to a job: it holds until a newer epoch exists or the job has ended. */
export interface Fence extends HeldJob {
  /**
   * Random, made by the take. Claims are held under it rather than under the epoch: a database that crashes
   * and loses a take gives its epoch out again.
   */
  owner: string;
}

/** What `accept` did. `created` is false when the idempotency key was known already. */
export interface Accepted {
  job: Job;
  created: boolean;
  /** True when the id has to be put into the queue now; false while a predecessor holds the session. */
  ready: boolean;
  /** The job that held the session when this one came; null when it was idle. */
  ahead: string | null;
}

/** What `take` found. */
export type Take =
  | {
      kind: 'taken';
      job: Job;
      session: Session | null;
      steps: Step[];
      claims: Claim[];
      turns: Turn[];
      /** True when queries wait to join this turn, or have been set to. */
      steered: boolean;
      owner: string;
      /** Milliseconds until the deadline, by the store's clock; null without one. */
      leftMs: number | null;
      /** True when the time in which the job had to be started is over, by the store's clock. */
      expired: boolean;
    }
  | { kind: 'ended'; state: TerminalState; next: string | null }
  | { kind: 'waiting'; waitMs: number }
  | { kind: 'blocked' }
  | { kind: 'newer_format'; format: number }
  | { kind: 'absent' };

/** An unsafe tool call that was recorded as about to be sent. */
export interface Claim extends Position {
  epoch: number;
}

export type Recorded = { kind: 'recorded' } | { kind: 'taken'; step: Step } | { kind: 'superseded' };

export type Settled =
  | { kind: 'settled'; next: string | null }
  | { kind: 'taken'; step: Step }
  | { kind: 'superseded' };

/** How a job ends. `step` is the final reply, written in the same act when the database can do it. */
export interface Ending {
  state: TerminalState;
  step: ReplyStep | null;
  answer: string | null;
  stopReason: string | null;
  error: JobError | null;
  totals: JobTotals;
  /**
   * Jobs whose queries stand in the record and which end with this one; other jobs that were set to join it
   * wait for their own turn again. Null when none was ever set to.
   */
  joined: string[] | null;
}

/** How long a job waits and why, and the failures in a row that led to it. The store's clock measures it. */
export interface Wait {
  waitMs: number;
  reason: string;
  failures: Failures;
}

/** A query that was set to join a running turn. */
export interface JoinedQuery {
  jobId: string;
  query: ContentBlock[];
}

/** What has become of a job that a worker believes to hold. */
export interface FenceNews {
  jobId: string;
  /** `lost`: the fence holds no more. `interrupt`, `join`: later queries ask for it. */
  news: 'lost' | 'interrupt' | 'join';
}

/** Which jobs a list, a cancellation or a replay is about. Fields that are absent match everything. */
export interface JobFilter {
  state?: JobState | undefined;
  sessionId?: string | undefined;
  /** Code of the error that a job failed with. */
  errorCode?: ErrorCode | undefined;
}

/** A job that belongs into the queue, and the milliseconds until it is due, 0 for at once. */
export interface ReadyJob {
  jobId: string;
  delayMs: number;
}

/** A page request: newest first, `after` is the id of the last row of the page before. */
export interface Page {
  limit: number;
  after?: string | undefined;
}

/** What may be changed of a session; absent fields stay. */
export type SessionChange = Partial<Pick<Session, 'metadata' | 'onBusy'>>;

/**
 * The context store. Every method is atomic or safely repeatable, and throws `store_unavailable` when the
 * database cannot be reached and `store_failed` for what it refuses; nothing else is thrown for an expected situation.
 */
export interface ContextStore {
  /** Creates or upgrades tables and indexes. Idempotent, safe to run from several processes at once. */
  migrate(): Promise<void>;
  /** Resolves when the database answers and is migrated. Throws `store_unavailable` or `store_not_migrated`. */
  check(): Promise<void>;
  /** What the server's set-up does not protect against, a sentence each, for people. Empty when all is well. */
  setupWarnings(): Promise<string[]>;
  close(): Promise<void>;

  createSession(session: NewSession): Promise<Session>;
  session(tenant: string, id: string): Promise<Session | null>;
  sessions(tenant: string, page: Page): Promise<Session[]>;
  /** Null when there is no such session. */
  updateSession(tenant: string, id: string, change: SessionChange): Promise<Session | null>;
  /**
   * Deletes an idle session with its jobs, their steps, claims and blobs. `busy` when a job of it has not ended.
   * Safe to repeat: one that was cut off goes on where it stopped.
   */
  deleteSession(tenant: string, id: string): Promise<'deleted' | 'busy' | 'absent'>;
  /** The succeeded turns of a session in order, from its first turn, whatever the context's cut. */
  turns(tenant: string, sessionId: string): Promise<Turn[]>;

  /**
   * Makes a job durable. In a session it becomes the active job if the session is idle, otherwise it waits
   * for its predecessors. With `notBefore` in the future it is waiting from the start. Throws
   * `session_not_found`, `session_busy` under the policy `reject`, and `idempotency_conflict` when the key is
   * known with another `requestHash`. Repeating a call whose outcome was lost is safe when it carries a key.
   */
  accept(job: NewJob): Promise<Accepted>;
  job(tenant: string, id: string): Promise<Job | null>;
  jobs(tenant: string, filter: JobFilter, page: Page): Promise<Job[]>;
  steps(jobId: string): Promise<Step[]>;
  /** Jobs of a tenant that have not ended, each number counted up to `most`. */
  openJobs(tenant: string, most: number): Promise<{ queued: number; running: number }>;
  /** Unsafe calls that were claimed, whether they have a result or not. */
  claims(jobId: string): Promise<Claim[]>;

  /**
   * Raises the job's epoch, sets it running and reads all that is needed to go on with it. `durable` asks for a
   * flush, without which a crash of the database can give the epoch out again.
   */
  take(jobId: string, options?: { durable: boolean }): Promise<Take>;
  /** Writes a step at its position, once. `durable` asks for a flush to disk before it returns. */
  recordStep(fence: Fence, step: Step, options: { durable: boolean }): Promise<Recorded>;
  /**
   * Records that unsafe calls are about to be sent, durably. Returns the positions that this epoch now
   * holds; a position that is missing was claimed by an earlier epoch, and its outcome is unknown.
   */
  claim(fence: Fence, positions: readonly Position[]): Promise<Position[] | 'superseded'>;
  /** Withdraws claims of this epoch for calls that certainly were not sent. */
  unclaim(fence: Fence, positions: readonly Position[]): Promise<void>;
  /** Ends a running job by compare-and-set on state and epoch and passes the session to its next job. */
  settle(fence: Fence, ending: Ending): Promise<Settled>;
  /**
   * Ends a job in whatever unended state it is, by compare-and-set on the epoch, which it raises, so that a
   * worker that holds the job is superseded. Otherwise as `settle`; `ending.step` is null.
   */
  end(job: HeldJob, ending: Ending): Promise<Settled>;
  /** Asks the turn to stop with what it has. A job that waits becomes due. False when it has ended. */
  interrupt(tenant: string, jobId: string): Promise<boolean>;
  /**
   * Sets the queries that wait to join this turn to do so, and returns all that were set to, in the order of
   * their acceptance, those that stand in the record already included. Safe to repeat.
   */
  join(fence: Fence): Promise<JoinedQuery[] | 'superseded'>;
  /** Says what a worker does not know yet about the jobs that it holds. Without news a job is left out. */
  news(fences: readonly HeldJob[]): Promise<FenceNews[]>;
  /**
   * Sets the job waiting until a time. `due`: it has come at once, because the turn was asked to stop, or, for
   * the reason `approval`, because a call was decided about since the job last asked.
   */
  park(fence: Fence, wait: Wait): Promise<'parked' | 'due' | 'superseded'>;
  /** Hands a running job back to the queue without charging anything. */
  release(fence: Fence): Promise<'released' | 'superseded'>;
  /** Records that a session's context starts at `turn` from now on. Never moves backwards. */
  cutContext(sessionId: string, turn: number): Promise<void>;

  /** Keeps an agent under its name as its next version, which the result has. */
  saveAgent(tenant: string, spec: AgentSpec): Promise<StoredAgent>;
  /** The newest version for null. */
  agent(tenant: string, name: string, version: number | null): Promise<StoredAgent | null>;
  /** Newest versions in the order of names; `page.after` is a name. */
  agents(tenant: string, page: Page): Promise<StoredAgent[]>;
  /** Deletes all versions; jobs keep what they were accepted with. False when there was none. */
  deleteAgent(tenant: string, name: string): Promise<boolean>;

  createKey(key: NewApiKey): Promise<ApiKey>;
  /** By the key's id, whatever its tenant: who calls is what it is asked for. */
  apiKey(id: string): Promise<ApiKey | null>;
  /** Newest first; of all tenants for null. */
  apiKeys(tenant: string | null, page: Page): Promise<ApiKey[]>;
  /** Sets the time from which the key is refused. Null when there is none of this tenant; null tenant: any. */
  endKey(tenant: string | null, id: string, at: Date, how: 'expires' | 'revoked'): Promise<ApiKey | null>;
  /** Notes that keys were used now. */
  keysUsed(ids: readonly string[]): Promise<void>;
  limits(tenant: string): Promise<TenantLimits>;
  setLimits(tenant: string, limits: TenantLimits): Promise<void>;
  /**
   * Asks for the approval of calls, durably, once a position: returns what stands at these positions, in their
   * order. Those whose time is over undecided are expired by this. The job is from then on left alone by
   * workers that know no approvals.
   */
  requestApprovals(
    fence: Fence,
    approvals: readonly NewApproval[],
  ): Promise<RequestedApproval[] | 'superseded'>;
  /** Newest job first; `page.after` is an `approvalId`. */
  approvals(tenant: string, filter: ApprovalFilter, page: Page): Promise<Approval[]>;
  /** The approval of a call; of the newest, should the model have used its id more than once. */
  approval(tenant: string, jobId: string, toolUseId: string): Promise<Approval | null>;
  /**
   * Decides about a call by compare-and-set, durably: the first verdict counts, unless the approval has expired
   * or its job has ended. A job that waits for approvals becomes due; its id is to be promoted in the queue, or
   * put there. Repeating a call whose outcome was lost is safe. Null for a call that needs no approval.
   */
  decide(tenant: string, jobId: string, toolUseId: string, verdict: Verdict): Promise<Decided | null>;

  /** Keeps a tool list under its hash. Idempotent. */
  saveToolset(toolset: Toolset): Promise<void>;
  toolset(hash: string): Promise<Toolset | null>;
  /** Keeps bytes beside a job, such as a tool result too large for a model. Returns the blob's id. */
  saveBlob(blob: NewBlob): Promise<string>;
  blob(tenant: string, id: string): Promise<StoredBlob | null>;

  /**
   * Jobs that should be in the queue: queued and ready, or waiting, and not moved for `idleMs`; running, and
   * not moved for `runningIdleMs`. In the order of ids, behind `after`.
   */
  unmovedJobs(
    idle: { idleMs: number; runningIdleMs: number },
    page: { after: string | null; limit: number },
  ): Promise<ReadyJob[]>;
  /** Frees sessions whose active job has ended or is missing; returns the ids that became ready. */
  freeSessions(limit: number): Promise<string[]>;
  /**
   * Ends jobs that joined a turn which has ended without them, as that turn ended; those that are not in its
   * record get their own turn back. Returns the ids that became ready.
   */
  freeJoined(limit: number): Promise<string[]>;
  /** Jobs whose deadline has come, and jobs without a step whose expiry has. */
  overdueJobs(limit: number): Promise<Job[]>;
  /**
   * Looks at blobs older than `idleMs`, in the order of ids behind `after`, and deletes those that no step of
   * their job refers to and no longer can: left by a worker that died before it recorded the result.
   */
  collectBlobs(idleMs: number, page: { after: string | null; limit: number }): Promise<CollectedBlobs>;

  createWebhook(webhook: NewWebhook): Promise<Webhook>;
  webhook(tenant: string, id: string): Promise<Webhook | null>;
  webhooks(tenant: string, page: Page): Promise<Webhook[]>;
  /**
   * Null when there is no such webhook. Disabling ends its pending deliveries; enabling it again does not bring
   * them back, nor what happened in between.
   */
  updateWebhook(tenant: string, id: string, change: WebhookChange): Promise<Webhook | null>;
  /** Deletes it with its deliveries, also those that are left of one that is gone. False when it was not there. */
  deleteWebhook(tenant: string, id: string): Promise<boolean>;

  /**
   * Jobs that ended while their tenant had an enabled webhook, and that were not announced, the oldest end first.
   *
   * `settle` knows nothing of webhooks: an ended job is unannounced until it carries a mark, under an index by
   * tenant and end. No clock and no order of commits comes into it, so that an end that is committed late is
   * found late and never missed; a cursor over the times of the ends would have to guess how late that can be.
   * The price is one index entry for each ended job. Without an enabled webhook it costs one small query.
   */
  unannouncedJobs(limit: number): Promise<UnannouncedJob[]>;
  /**
   * Makes the deliveries that are not there yet, due at once, and marks the ended job as announced. Those of a
   * webhook that is gone are left out, or are there for nothing. Safe to repeat, and by several at once.
   */
  announce(jobId: string, deliveries: readonly NewDelivery[]): Promise<void>;
  /** Makes deliveries of events that are no job's end, as `announce` does. */
  addDeliveries(deliveries: readonly NewDelivery[]): Promise<void>;
  /** Claims due deliveries, those due longest first, and counts an attempt for each. */
  dueDeliveries(due: DueDeliveries): Promise<Delivery[]>;
  /** Records how an attempt ended, unless a later one has begun. */
  recordAttempt(deliveryId: string, attempt: EndedAttempt): Promise<void>;
  /** The delivery log of a webhook. */
  deliveries(tenant: string, webhookId: string, page: Page): Promise<Delivery[]>;
  /** Makes a delivery due at once, with all its attempts before it. Null when there is none. */
  redeliver(tenant: string, deliveryId: string): Promise<Delivery | null>;
}

/** `after` is where to go on; null at the end. */
export interface CollectedBlobs {
  deleted: number;
  after: string | null;
}

export interface NewBlob {
  /** `<job>.<round>.<slot>.<epoch>`: the same result saved twice is one blob. */
  id: string;
  tenant: string;
  jobId: string;
  mediaType: string;
  bytes: Uint8Array;
}

export type StoredBlob = NewBlob & { createdAt: Date };

/** The queue of job ids. */
export interface JobQueue {
  /** Puts an id in, once: an id that is in the queue already stays as it is. */
  add(jobId: string, options?: { delayMs?: number }): Promise<void>;
  addMany(jobs: readonly { jobId: string; delayMs?: number }[]): Promise<void>;
  /** Makes ids due that are delayed; returns how many were. */
  promote(jobIds: readonly string[]): Promise<number>;
}

/** A tool as a model is offered it. `name` obeys the model's rule `[a-zA-Z0-9_-]{1,64}`. */
export interface ToolDefinition {
  name: string;
  description: string;
  inputSchema: Record<string, unknown>;
  safety: ToolSafety;
  /** Set when the configuration says what to do about an unknown outcome; otherwise the agent's rule holds. */
  unknownOutcome?: UnknownOutcomePolicy;
  /** Set when a call of it has to be approved before it is sent. */
  approval?: true;
  /** Milliseconds in which a call can be approved, when the configuration says so; otherwise the agent's limit holds. */
  approvalExpiresMs?: number;
}

/** An ordered tool list; `hash` is a digest of the definitions. */
export interface Toolset {
  hash: string;
  tools: ToolDefinition[];
}

export interface ToolCall {
  name: string;
  input: Record<string, unknown>;
  /** Same for every repetition of one call; sent to the server in `_meta`. */
  idempotencyKey: string;
  timeoutMs: number;
}

export interface ToolOutput {
  content: ContentBlock[];
  isError: boolean;
}

/**
 * The tools of the configured MCP servers.
 *
 * `call` resolves for everything a server answered, an error result included, and for a tool that is
 * unknown or arguments that do not fit (`isError`). It throws `tool_server_unavailable` when the call
 * certainly was not sent, and `tool_outcome_unknown` when it was sent and no answer came.
 */
export interface ToolProvider {
  list(allowed: readonly string[] | undefined, signal: AbortSignal): Promise<Toolset>;
  call(call: ToolCall, signal: AbortSignal): Promise<ToolOutput>;
}

export interface ModelRequest {
  /** `provider/model`, as the agent has it. */
  model: string;
  system?: string | undefined;
  messages: Message[];
  tools: readonly ToolDefinition[];
  maxTokens: number;
  thinking?: Record<string, unknown> | undefined;
  timeoutMs: number;
  /** Opaque id sent along, so that a provider's log can be joined with the fleet's. */
  jobId: string;
}

export interface ModelReply {
  content: ContentBlock[];
  stopReason: string;
  model: string;
  requestId?: string | undefined;
  usage: Usage;
}

/** A model provider. Throws a FleetError: `again` for transient failures, `never` for the rest. */
export interface Model {
  complete(
    request: ModelRequest,
    options: { signal: AbortSignal; onDelta?: (text: string) => void },
  ): Promise<ModelReply>;
}

/** Time and chance, so that the core has none of its own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** At least 0, less than 1. */
  random(): number;
  /** A signal that aborts after a time, unless it is canceled first. */
  alarm(ms: number): Alarm;
}

export interface Alarm {
  signal: AbortSignal;
  cancel(): void;
}
