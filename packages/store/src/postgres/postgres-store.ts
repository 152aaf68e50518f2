import type {
  Accepted,
  AgentSpec,
  ApiKey,
  Appended,
  Approval,
  ApprovalFilter,
  AuditEntry,
  Batch,
  BatchChange,
  BatchState,
  BatchUse,
  Budget,
  BudgetNeed,
  Claim,
  CollectedBlobs,
  CollectedLines,
  ContextStore,
  DataKey,
  DayCost,
  Decided,
  Delivery,
  DueDeliveries,
  EndedAttempt,
  Ending,
  Fence,
  FenceNews,
  FollowedJob,
  HeldJob,
  Job,
  JobFilter,
  JobState,
  JobSummary,
  JoinedQuery,
  LineResult,
  NewApiKey,
  NewApproval,
  NewBatch,
  NewBlob,
  NewDataKey,
  NewDelivery,
  NewJob,
  NewOfflineCall,
  NewSession,
  NewWebhook,
  OfflineAnswer,
  OfflineCall,
  Page,
  Position,
  Progress,
  ReadyJob,
  Recorded,
  RecordedAttempt,
  RequestedApproval,
  Session,
  SessionChange,
  Settled,
  Share,
  Step,
  StoredAgent,
  StoredBlob,
  Take,
  TenantLimits,
  Toolset,
  Turn,
  UnannouncedApproval,
  UnannouncedBatch,
  UnannouncedJob,
  UploadedLines,
  UpstreamBatch,
  UpstreamState,
  Verdict,
  Wait,
  WaitingCalls,
  WaitingLine,
  Webhook,
  WebhookChange,
} from '@mcp-fleet/core';
import pg from 'pg';
import { GroupedAccepts } from '../grouped-accepts.ts';
import { decodeToolset, encode } from '../record-codec.ts';
import { ToolsetCache } from '../toolset-cache.ts';
import { accept } from './accept.ts';
import { acceptMany } from './accept-many.ts';
import * as agents from './agents.ts';
import * as announcing from './announce.ts';
import { approval, approvals, decide, requestApprovals } from './approvals.ts';
import { appendAudit, auditLog } from './audit.ts';
import { appendLines } from './batches/append-lines.ts';
import * as batching from './batches/batches.ts';
import * as lines from './batches/lines.ts';
import { reserve } from './batches/reserve.ts';
import { lineResults } from './batches/results.ts';
import { blob, collectBlobs, saveBlob } from './blobs.ts';
import { raiseBudget } from './budgets.ts';
import * as wraps from './data-keys.ts';
import { Database, type PgPool } from './database.ts';
import { dayCost } from './day-costs.ts';
import * as log from './deliveries.ts';
import { freeJoined } from './free-joined.ts';
import { park, release } from './hand-over.ts';
import { jobSecrets, setJobSecrets } from './job-secrets.ts';
import * as keys from './keys.ts';
import { checkMigrated, migrate } from './migrate.ts';
import * as calls from './offline-calls.ts';
import { progress } from './progress.ts';
import * as reads from './reads.ts';
import { recentJobs, unendedJobs } from './recent-jobs.ts';
import { claim, recordStep, unclaim } from './record-step.ts';
import { freeSessions, overdueJobs, unmovedJobs } from './repairs.ts';
import { deleteSession, expiredSessions, updateSession } from './sessions.ts';
import { end, settle } from './settle.ts';
import { setupWarnings } from './setup-warnings.ts';
import { interrupt, join, news } from './steering.ts';
import { take } from './take.ts';
import * as upstream from './upstream-batches.ts';
import * as hooks from './webhooks.ts';

/** The context store on PostgreSQL: one statement for each of the port's verbs on the hot path. */
export class PostgresStore implements ContextStore {
  readonly #database: Database;
  readonly #toolsets = new ToolsetCache();
  readonly #accepts = new GroupedAccepts({
    one: (job) => accept(this.#database, job),
    many: (jobs) => acceptMany(this.#database, jobs),
  });

  constructor(database: Database) {
    this.#database = database;
  }

  migrate = (): Promise<void> => migrate(this.#database);
  check = (): Promise<void> => checkMigrated(this.#database);
  setupWarnings = (): Promise<string[]> => setupWarnings(this.#database);
  close = (): Promise<void> => this.#database.close();

  createSession = (session: NewSession): Promise<Session> => reads.createSession(this.#database, session);
  session = (tenant: string, id: string): Promise<Session | null> =>
    reads.session(this.#database, tenant, id);
  sessions = (tenant: string, page: Page): Promise<Session[]> => reads.sessions(this.#database, tenant, page);
  turns = (tenant: string, sessionId: string): Promise<Turn[]> =>
    reads.turns(this.#database, tenant, sessionId);

  updateSession = (tenant: string, id: string, change: SessionChange): Promise<Session | null> =>
    updateSession(this.#database, tenant, id, change);
  deleteSession = (
    tenant: string,
    id: string,
    options = { onlyExpired: false },
  ): Promise<'deleted' | 'busy' | 'absent'> => deleteSession(this.#database, tenant, id, options);
  expiredSessions = (limit: number): Promise<Pick<Session, 'tenant' | 'id'>[]> =>
    expiredSessions(this.#database, limit);

  accept = (job: NewJob): Promise<Accepted> => this.#accepts.accept(job);
  acceptMany = (jobs: readonly NewJob[]): Promise<Job[]> => acceptMany(this.#database, jobs);
  job = (tenant: string, id: string): Promise<Job | null> => reads.job(this.#database, tenant, id);
  jobs = (tenant: string, filter: JobFilter, page: Page): Promise<Job[]> =>
    reads.jobs(this.#database, tenant, filter, page);
  recentJobs = (tenant: string, page: { since: Date; limit: number }): Promise<JobSummary[]> =>
    recentJobs(this.#database, tenant, page);
  unendedJobs = (most: number): Promise<Partial<Record<JobState, number>>> =>
    unendedJobs(this.#database, most);
  steps = (jobId: string): Promise<Step[]> => reads.steps(this.#database, jobId);
  progress = (followed: readonly FollowedJob[]): Promise<Progress[]> => progress(this.#database, followed);
  addDataKey = (key: NewDataKey): Promise<void> => wraps.addDataKey(this.#database, key);
  dataKey = (id: string): Promise<DataKey | null> => wraps.dataKey(this.#database, id);
  newestDataKey = (tenant: string): Promise<DataKey | null> => wraps.newestDataKey(this.#database, tenant);
  dataKeys = (page: { after: string | null; limit: number }): Promise<DataKey[]> =>
    wraps.dataKeys(this.#database, page);
  wrappingKeys = (): Promise<DataKey[]> => wraps.wrappingKeys(this.#database);
  rewrapDataKey = (
    id: string,
    from: string,
    to: Pick<NewDataKey, 'wrappedBy' | 'wrapped'>,
  ): Promise<boolean> => wraps.rewrapDataKey(this.#database, id, from, to);
  eraseDataKeys = (tenant: string): Promise<number> => wraps.eraseDataKeys(this.#database, tenant);
  claims = (jobId: string): Promise<Claim[]> => reads.claims(this.#database, jobId);

  take = (jobId: string, options = { durable: false }): Promise<Take> =>
    take(this.#database, jobId, options.durable);
  recordStep = (fence: Fence, step: Step, options: { durable: boolean }): Promise<Recorded> =>
    recordStep(this.#database, fence, step, options.durable);
  claim = (fence: Fence, positions: readonly Position[]): Promise<Position[] | 'superseded'> =>
    claim(this.#database, fence, positions);
  unclaim = (fence: Fence, positions: readonly Position[]): Promise<void> =>
    unclaim(this.#database, fence, positions);
  settle = (fence: Fence, ending: Ending): Promise<Settled> => settle(this.#database, fence, ending);
  end = (job: HeldJob, ending: Ending): Promise<Settled> => end(this.#database, job, ending);
  raiseBudget = (tenant: string, jobId: string, raise: Partial<Budget>): Promise<Job | null> =>
    raiseBudget(this.#database, tenant, jobId, raise);
  interrupt = (tenant: string, jobId: string): Promise<boolean> => interrupt(this.#database, tenant, jobId);
  join = (fence: Fence): Promise<JoinedQuery[] | 'superseded'> => join(this.#database, fence);
  news = (fences: readonly HeldJob[]): Promise<FenceNews[]> => news(this.#database, fences);
  park = (fence: Fence, wait: Wait): Promise<'parked' | 'due' | 'superseded'> =>
    park(this.#database, fence, wait);
  release = (fence: Fence): Promise<'released' | 'superseded'> => release(this.#database, fence);

  requestApprovals = (
    fence: Fence,
    requests: readonly NewApproval[],
  ): Promise<RequestedApproval[] | 'superseded'> => requestApprovals(this.#database, fence, requests);
  approvals = (tenant: string, filter: ApprovalFilter, page: Page): Promise<Approval[]> =>
    approvals(this.#database, tenant, filter, page);
  approval = (tenant: string, jobId: string, toolUseId: string): Promise<Approval | null> =>
    approval(this.#database, tenant, jobId, toolUseId);
  decide = (tenant: string, jobId: string, toolUseId: string, verdict: Verdict): Promise<Decided | null> =>
    decide(this.#database, tenant, jobId, toolUseId, verdict);

  async cutContext(sessionId: string, turn: number): Promise<void> {
    const text = 'UPDATE fleet.sessions SET context_from = greatest(context_from, $2) WHERE id = $1';
    await this.#database.flushed('cut', text, [sessionId, turn]);
  }

  appendAudit = (entry: AuditEntry): Promise<boolean> => appendAudit(this.#database, entry);
  auditLog = (tenant: string, page: { before?: number | undefined; limit: number }): Promise<AuditEntry[]> =>
    auditLog(this.#database, tenant, page);
  openJobs = (tenant: string, most: number): Promise<{ queued: number; running: number }> =>
    keys.openJobs(this.#database, tenant, most);
  saveAgent = (tenant: string, spec: AgentSpec): Promise<StoredAgent> =>
    agents.saveAgent(this.#database, tenant, spec);
  agent = (tenant: string, name: string, version: number | null): Promise<StoredAgent | null> =>
    agents.agent(this.#database, tenant, name, version);
  agents = (tenant: string, page: Page): Promise<StoredAgent[]> =>
    agents.agents(this.#database, tenant, page);
  deleteAgent = (tenant: string, name: string): Promise<boolean> =>
    agents.deleteAgent(this.#database, tenant, name);
  createKey = (key: NewApiKey): Promise<ApiKey> => keys.createKey(this.#database, key);
  apiKey = (id: string): Promise<ApiKey | null> => keys.apiKey(this.#database, id);
  apiKeys = (tenant: string | null, page: Page): Promise<ApiKey[]> =>
    keys.apiKeys(this.#database, tenant, page);
  endKey = (
    tenant: string | null,
    id: string,
    at: Date,
    how: 'expires' | 'revoked',
  ): Promise<ApiKey | null> => keys.endKey(this.#database, tenant, id, at, how);
  keysUsed = (ids: readonly string[]): Promise<void> => keys.keysUsed(this.#database, ids);
  limits = (tenant: string): Promise<TenantLimits> => keys.limits(this.#database, tenant);
  dayCost = (tenant: string): Promise<DayCost> => dayCost(this.#database, tenant);
  setLimits = (tenant: string, limits: TenantLimits): Promise<void> =>
    keys.setLimits(this.#database, tenant, limits);

  saveToolset = (toolset: Toolset): Promise<void> =>
    this.#toolsets.save(toolset, () => {
      const text = 'INSERT INTO fleet.toolsets (hash, body) VALUES ($1, $2) ON CONFLICT DO NOTHING';
      return this.#database.flushed('save_toolset', text, [toolset.hash, encode(toolset)]);
    });

  toolset = (hash: string): Promise<Toolset | null> =>
    this.#toolsets.read(hash, async () => {
      const text = 'SELECT body FROM fleet.toolsets WHERE hash = $1';
      const [row] = await this.#database.lazy<{ body: string }>('toolset', text, [hash]);
      return row ? decodeToolset(row.body) : null;
    });

  saveBlob = (blob: NewBlob): Promise<string> => saveBlob(this.#database, blob);
  blob = (tenant: string, id: string): Promise<StoredBlob | null> => blob(this.#database, tenant, id);
  unmovedJobs = (
    idle: { idleMs: number; runningIdleMs: number },
    page: { after: string | null; limit: number },
  ): Promise<ReadyJob[]> => unmovedJobs(this.#database, idle, page);
  freeSessions = (limit: number): Promise<string[]> => freeSessions(this.#database, limit);
  freeJoined = (limit: number): Promise<string[]> => freeJoined(this.#database, limit);
  overdueJobs = (limit: number): Promise<Job[]> => overdueJobs(this.#database, limit);
  collectBlobs = (idleMs: number, page: { after: string | null; limit: number }): Promise<CollectedBlobs> =>
    collectBlobs(this.#database, idleMs, page);

  createWebhook = (webhook: NewWebhook): Promise<Webhook> => hooks.createWebhook(this.#database, webhook);
  webhook = (tenant: string, id: string): Promise<Webhook | null> =>
    hooks.webhook(this.#database, tenant, id);
  webhooks = (tenant: string, page: Page): Promise<Webhook[]> => hooks.webhooks(this.#database, tenant, page);
  updateWebhook = (tenant: string, id: string, change: WebhookChange): Promise<Webhook | null> =>
    hooks.updateWebhook(this.#database, tenant, id, change);
  deleteWebhook = (tenant: string, id: string): Promise<boolean> =>
    hooks.deleteWebhook(this.#database, tenant, id);
  jobSecrets = (tenant: string, fresh: string): Promise<string[]> =>
    jobSecrets(this.#database, tenant, fresh);
  setJobSecrets = (tenant: string, secrets: readonly string[]): Promise<void> =>
    setJobSecrets(this.#database, tenant, secrets);
  unannouncedJobs = (limit: number): Promise<UnannouncedJob[]> =>
    announcing.unannouncedJobs(this.#database, limit);
  announce = (jobId: string, deliveries: readonly NewDelivery[]): Promise<void> =>
    announcing.announce(this.#database, jobId, deliveries);
  unannouncedBatches = (limit: number): Promise<UnannouncedBatch[]> =>
    announcing.unannouncedBatches(this.#database, limit);
  announceBatch = (
    batch: Pick<UnannouncedBatch, 'batchId' | 'endedAt'>,
    deliveries: readonly NewDelivery[],
  ): Promise<void> => announcing.announceBatch(this.#database, batch, deliveries);
  unannouncedApprovals = (limit: number): Promise<UnannouncedApproval[]> =>
    announcing.unannouncedApprovals(this.#database, limit);
  announceApproval = (
    approval: Pick<UnannouncedApproval, 'jobId' | 'round' | 'slot'>,
    deliveries: readonly NewDelivery[],
  ): Promise<void> => announcing.announceApproval(this.#database, approval, deliveries);
  dueDeliveries = (due: DueDeliveries): Promise<Delivery[]> => log.dueDeliveries(this.#database, due);
  recordAttempt = (deliveryId: string, attempt: EndedAttempt): Promise<RecordedAttempt> =>
    log.recordAttempt(this.#database, deliveryId, attempt);
  deliveries = (tenant: string, webhookId: string, page: Page): Promise<Delivery[]> =>
    log.deliveries(this.#database, tenant, webhookId, page);
  jobDeliveries = (tenant: string, jobId: string, page: Page): Promise<Delivery[]> =>
    log.jobDeliveries(this.#database, tenant, jobId, page);
  redeliver = (tenant: string, deliveryId: string): Promise<Delivery | null> =>
    log.redeliver(this.#database, tenant, deliveryId);

  createBatch = (batch: NewBatch): Promise<Batch> => batching.createBatch(this.#database, batch);
  batch = (tenant: string, id: string): Promise<Batch | null> => batching.batch(this.#database, tenant, id);
  batches = (tenant: string, surface: Batch['surface'], page: Page): Promise<Batch[]> =>
    batching.batches(this.#database, tenant, surface, page);
  appendLines = (tenant: string, id: string, upload: UploadedLines): Promise<Appended> =>
    appendLines(this.#database, tenant, id, upload);
  finalizeBatch = (tenant: string, id: string): Promise<Batch | null> =>
    batching.finalizeBatch(this.#database, tenant, id);
  changeBatch = (tenant: string, id: string, change: BatchChange): Promise<Batch | null> =>
    batching.changeBatch(this.#database, tenant, id, change);
  retryLines = (tenant: string, id: string, expiresAt: Date): Promise<Batch | null> =>
    batching.retryLines(this.#database, tenant, id, expiresAt);
  deleteBatch = (tenant: string, id: string): Promise<'deleted' | 'not_ended' | 'absent'> =>
    batching.deleteBatch(this.#database, tenant, id);
  lineResults = (
    batchId: string,
    page: { after: number; limit: number; ended: boolean },
  ): Promise<LineResult[]> => lineResults(this.#database, batchId, page);
  batchesAtWork = (limit: number): Promise<Batch[]> => batching.batchesAtWork(this.#database, limit);
  waitingLines = (batchId: string, limit: number): Promise<WaitingLine[]> =>
    lines.waitingLines(this.#database, batchId, limit);
  admitLines = (batchId: string, admitted: readonly { n: number; job: NewJob }[]): Promise<number[]> =>
    lines.admitLines(this.#database, batchId, admitted);
  collectLines = (batchId: string, options: { limit: number; lostMs: number }): Promise<CollectedLines> =>
    lines.collectLines(this.#database, batchId, options);
  unmadeLines = (batchId: string, limit: number): Promise<WaitingLine[]> =>
    lines.unmadeLines(this.#database, batchId, limit);
  reserve = (batchId: string, jobId: string, need: BudgetNeed): Promise<BatchUse> =>
    reserve(this.#database, batchId, jobId, need);
  openLines = (batchId: string, limit: number): Promise<string[]> =>
    lines.openLines(this.#database, batchId, limit);
  closeLines = (batchId: string, state: 'canceled' | 'expired', limit: number): Promise<number> =>
    lines.closeLines(this.#database, batchId, state, limit);
  advanceBatch = (batchId: string): Promise<BatchState> => batching.advanceBatch(this.#database, batchId);
  raiseShare = (tenant: string, used: number): Promise<void> =>
    lines.raiseShare(this.#database, tenant, used);
  shares = (tenants: readonly string[]): Promise<Map<string, Share>> => lines.shares(this.#database, tenants);
  offlineCall = (jobId: string): Promise<OfflineCall | null> => calls.offlineCall(this.#database, jobId);
  askOffline = (fence: Fence, call: NewOfflineCall): Promise<'asked' | 'superseded'> =>
    calls.askOffline(this.#database, fence, call);
  withdrawCall = (fence: Fence, call: OfflineCall): Promise<boolean> =>
    calls.withdrawCall(this.#database, fence, call);
  waitingCalls = (): Promise<WaitingCalls[]> => calls.waitingCalls(this.#database);
  claimCalls = (batch: Pick<UpstreamBatch, 'id' | 'model'>, limit: number): Promise<OfflineCall[]> =>
    calls.claimCalls(this.#database, batch, limit);
  unansweredCalls = (batchId: string): Promise<OfflineCall[]> =>
    calls.unansweredCalls(this.#database, batchId);
  releaseCalls = (batchId: string, jobIds: readonly string[] | null, how: 'again' | 'gone'): Promise<void> =>
    calls.releaseCalls(this.#database, batchId, jobIds, how);
  answerCalls = (batchId: string, answers: ReadonlyMap<string, OfflineAnswer>): Promise<string[]> =>
    calls.answerCalls(this.#database, batchId, answers);
  dropOfflineCalls = (limit: number): Promise<number> => calls.dropOfflineCalls(this.#database, limit);
  openBatches = (): Promise<UpstreamBatch[]> => upstream.openBatches(this.#database);
  moveBatch = (
    id: string,
    from: UpstreamState,
    to: { state: UpstreamState; upstreamId?: string; requests?: number },
  ): Promise<boolean> => upstream.moveBatch(this.#database, id, from, to);
  recordedBatches = (upstreamIds: readonly string[]): Promise<string[]> =>
    upstream.recordedBatches(this.#database, upstreamIds);
  upstreamDurations = (limit: number): Promise<number[]> => upstream.upstreamDurations(this.#database, limit);
  deleteDeliveries = (olderThanMs: number, limit: number): Promise<number> =>
    log.deleteDeliveries(this.#database, olderThanMs, limit);
}

/** Opens the store on a PostgreSQL server. Connects when it is first used. */
export function openPostgresStore(url: string, options: { connections?: number } = {}): PostgresStore {
  const pool = (flags: string) => {
    const opened = new pg.Pool({
      connectionString: url,
      max: options.connections ?? 10,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      application_name: 'mcp-fleet store',
      options: flags,
    });
    // A connection that breaks while idle is replaced by the next use; without a listener it ends the process.
    opened.on('error', () => undefined);
    opened.on('connect', (client) => client.on('error', () => undefined));
    return opened as unknown as PgPool;
  };
  return new PostgresStore(new Database(pool(''), pool('-c synchronous_commit=off')));
}

/** Opens the store over a pool that exists, such as the embedded PostgreSQL's. */
export function openPooledStore(pool: PgPool): PostgresStore {
  return new PostgresStore(new Database(pool, pool));
}
