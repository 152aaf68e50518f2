import type { ApprovalStore } from './approval-store.ts';
import type { AuditStore } from './audit.ts';
import type { BatchStore } from './batch-store.ts';
import type { Budget, BudgetNeed } from './budget.ts';
import type { DataKeyStore } from './data-key.ts';
import type { ErrorCode } from './errors.ts';
import type { Fence, HeldJob } from './fence.ts';
import type {
  Failures,
  Job,
  JobError,
  JobState,
  JobSummary,
  JobTotals,
  NewJob,
  TerminalState,
  Turn,
} from './job.ts';
import type { ContentBlock } from './message.ts';
import type { OffloadStore } from './offload-store.ts';
import type { Page } from './page.ts';
import type { Toolset } from './ports.ts';
import type { NewSession, Session } from './session.ts';
import type { Position, ReplyStep, Step } from './step.ts';
import type { AgentStore, KeyStore } from './tenant-stores.ts';
import type { WebhookStore } from './webhook-store.ts';

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
      /** True for a line of a batch with a budget. */
      batchBudgeted: boolean;
      owner: string;
      /** Milliseconds until the deadline, by the store's clock; null without one. */
      leftMs: number | null;
      /** True when the time in which the job had to be started is over, by the store's clock. */
      expired: boolean;
    }
  | { kind: 'ended'; state: TerminalState; next: string | null }
  /** `waitMs` is null for a wait that only a call from outside ends. */
  | { kind: 'waiting'; waitMs: number | null }
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
  /** Null: until something makes the job due. */
  waitMs: number | null;
  reason: string;
  failures: Failures;
  /** For the reason `budget`: the budget as the job knew it, and what it fell short of. */
  budget?: { known: Budget; need: BudgetNeed };
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

/** A job that somebody follows, who has seen all of its steps before a round. */
export interface FollowedJob {
  tenant: string;
  jobId: string;
  round: number;
}

/** Where a followed job stands: its steps from that round on, in order, and the job once it has ended. */
export interface Progress {
  jobId: string;
  steps: Step[];
  ended: Job | null;
}

/** What may be changed of a session; absent fields stay. */
export type SessionChange = Partial<Pick<Session, 'metadata' | 'onBusy' | 'ttlSeconds'>>;

/**
 * The context store. Every method is atomic or safely repeatable, and throws `store_unavailable` when the
 * database cannot be reached and `store_failed` for what it refuses; nothing else is thrown for an expected situation.
 */
export interface ContextStore
  extends AgentStore,
    KeyStore,
    AuditStore,
    DataKeyStore,
    ApprovalStore,
    OffloadStore,
    WebhookStore,
    BatchStore {
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
   * Safe to repeat: one that was cut off goes on where it stopped. With `onlyExpired`, one that has not expired is
   * `busy` as well, so that a query which came in time is not lost.
   */
  deleteSession(
    tenant: string,
    id: string,
    options?: { onlyExpired: boolean },
  ): Promise<'deleted' | 'busy' | 'absent'>;
  /** The succeeded turns of a session in order, from its first turn, whatever the context's cut. */
  turns(tenant: string, sessionId: string): Promise<Turn[]>;

  /**
   * Makes a job durable. In a session it becomes the active job if the session is idle, otherwise it waits
   * for its predecessors. With `notBefore` in the future it is waiting from the start. Throws
   * `session_not_found`, `session_busy` under the policy `reject`, and `idempotency_conflict` when the key is
   * known with another `requestHash`. Repeating a call whose outcome was lost is safe when it carries a key.
   */
  accept(job: NewJob): Promise<Accepted>;
  /**
   * Makes jobs durable in one write, up to some thousand; none of them is of a session or a replay. Returns those
   * that were made, all of which are ready: one whose id or idempotency key stands already stays as it is and is not
   * among them. Repeating a call whose outcome was lost is safe with the same ids.
   */
  acceptMany(jobs: readonly NewJob[]): Promise<Job[]>;
  job(tenant: string, id: string): Promise<Job | null>;
  jobs(tenant: string, filter: JobFilter, page: Page): Promise<Job[]>;
  /** Of the `limit` newest jobs of a tenant, those that were accepted or have ended since then; newest first. */
  recentJobs(tenant: string, page: { since: Date; limit: number }): Promise<JobSummary[]>;
  steps(jobId: string): Promise<Step[]>;
  /** Where jobs stand, each of them once; what has ended has all its steps. Jobs that do not exist are left out. */
  progress(followed: readonly FollowedJob[]): Promise<Progress[]>;
  /** Jobs of a tenant that have not ended, each number counted up to `most`. */
  openJobs(tenant: string, most: number): Promise<{ queued: number; running: number }>;
  /** Jobs of all tenants that have not ended, by their state; of the first `most` of them. */
  unendedJobs(most: number): Promise<Partial<Record<JobState, number>>>;
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
  /**
   * Raises what a job may use, durably: an absent limit stays, null takes it away, and one that is not above the
   * standing one changes nothing, so that repeating a call is safe. A job that waits for its budget becomes due;
   * its id is to be put into the queue. Null when the tenant has no such job that has not ended.
   */
  raiseBudget(tenant: string, jobId: string, raise: Partial<Budget>): Promise<Job | null>;
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
   * the reasons `approval` and `upstream_batch`, because what it waits for came since the job last asked, or, for the
   * reason `budget`, because the budget is no longer what the job knew.
   */
  park(fence: Fence, wait: Wait): Promise<'parked' | 'due' | 'superseded'>;
  /** Hands a running job back to the queue without charging anything. */
  release(fence: Fence): Promise<'released' | 'superseded'>;
  /** Records that a session's context starts at `turn` from now on. Never moves backwards. */
  cutContext(sessionId: string, turn: number): Promise<void>;

  /** Keeps a tool list under its hash. Idempotent. */
  saveToolset(toolset: Toolset): Promise<void>;
  toolset(hash: string): Promise<Toolset | null>;
  /** Keeps bytes beside a job, such as a tool result too large for a model. Returns the blob's id. */
  saveBlob(blob: NewBlob): Promise<string>;
  blob(tenant: string, id: string): Promise<StoredBlob | null>;

  /**
   * Jobs that should be in the queue: queued and ready, or waiting for a time, and not moved for `idleMs`; running,
   * and not moved for `runningIdleMs`. In the order of ids, behind `after`.
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
  /** Idle sessions whose `ttlSeconds` are over. A page may be empty while there are more for the next call. */
  expiredSessions(limit: number): Promise<Pick<Session, 'tenant' | 'id'>[]>;
  /** Jobs whose deadline has come, and jobs without a step whose expiry has. */
  overdueJobs(limit: number): Promise<Job[]>;
  /**
   * Looks at blobs older than `idleMs`, in the order of ids behind `after`, and deletes those that no step of
   * their job refers to and no longer can: left by a worker that died before it recorded the result.
   */
  collectBlobs(idleMs: number, page: { after: string | null; limit: number }): Promise<CollectedBlobs>;
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
