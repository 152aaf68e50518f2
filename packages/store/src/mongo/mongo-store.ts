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
import { GroupedAccepts } from '../grouped-accepts.ts';
import { ToolsetCache } from '../toolset-cache.ts';
import { accept } from './accept.ts';
import { acceptMany } from './accept-many.ts';
import * as agents from './agents.ts';
import * as announcing from './announce.ts';
import { approval, approvals, decide, requestApprovals } from './approvals.ts';
import { appendAudit, auditLog } from './audit.ts';
import { appendLines } from './batches/append-lines.ts';
import * as batching from './batches/batches.ts';
import { collectLines } from './batches/collect-lines.ts';
import { deleteBatch } from './batches/delete-batch.ts';
import * as lines from './batches/lines.ts';
import { reserve } from './batches/reserve.ts';
import { lineResults } from './batches/results.ts';
import { retryLines } from './batches/retry-lines.ts';
import { raiseShare, shares } from './batches/shares.ts';
import { blob, collectBlobs, saveBlob } from './blobs.ts';
import { raiseBudget } from './budgets.ts';
import * as wraps from './data-keys.ts';
import { type Database, flushed, guard, openDatabase } from './database.ts';
import { dayCost } from './day-costs.ts';
import * as log from './deliveries.ts';
import { expiredSessions } from './expired-sessions.ts';
import { overdueJobs, unmovedJobs } from './find-jobs.ts';
import { freeJoined, freeSessions } from './free.ts';
import { interrupt, news, park, release } from './hand-over.ts';
import { jobSecrets, setJobSecrets } from './job-secrets.ts';
import { join } from './join.ts';
import * as keys from './keys.ts';
import { checkMigrated, migrate } from './migrate.ts';
import * as calls from './offline-calls.ts';
import { progress } from './progress.ts';
import { readClaims } from './read-record.ts';
import * as reads from './reads.ts';
import { recentJobs, unendedJobs } from './recent-jobs.ts';
import { claim, recordStep, unclaim } from './record-step.ts';
import { deleteSession, updateSession } from './sessions.ts';
import { end, settle } from './settle.ts';
import { setupWarnings } from './setup-warnings.ts';
import { take } from './take.ts';
import { saveToolset, toolset } from './toolsets.ts';
import * as upstream from './upstream-batches.ts';
import * as hooks from './webhooks.ts';

/** The context store on MongoDB, without transactions: every verb is one document's atomic write, or resumable. */
export class MongoStore implements ContextStore {
  readonly #database: Database;
  readonly #toolsets = new ToolsetCache();
  readonly #accepts = new GroupedAccepts({
    one: (job) => this.#run(accept, job),
    many: (jobs) => this.#run(acceptMany, jobs),
  });

  constructor(database: Database) {
    this.#database = database;
  }

  #run<Args extends unknown[], T>(
    verb: (database: Database, ...args: Args) => Promise<T>,
    ...args: Args
  ): Promise<T> {
    return guard(async () => {
      await this.#database.clock.sync();
      return verb(this.#database, ...args);
    });
  }

  migrate = (): Promise<void> => this.#run(migrate);
  check = (): Promise<void> => this.#run(checkMigrated);
  setupWarnings = (): Promise<string[]> => this.#run(setupWarnings);
  close = (): Promise<void> => this.#database.client.close();

  createSession = (session: NewSession): Promise<Session> => this.#run(reads.createSession, session);
  session = (tenant: string, id: string): Promise<Session | null> => this.#run(reads.session, tenant, id);
  sessions = (tenant: string, page: Page): Promise<Session[]> => this.#run(reads.sessions, tenant, page);
  turns = (tenant: string, sessionId: string): Promise<Turn[]> => this.#run(reads.turns, tenant, sessionId);

  updateSession = (tenant: string, id: string, change: SessionChange): Promise<Session | null> =>
    this.#run(updateSession, tenant, id, change);
  deleteSession = (
    tenant: string,
    id: string,
    options = { onlyExpired: false },
  ): Promise<'deleted' | 'busy' | 'absent'> => this.#run(deleteSession, tenant, id, options);
  expiredSessions = (limit: number): Promise<Pick<Session, 'tenant' | 'id'>[]> =>
    this.#run(expiredSessions, limit);

  accept = (job: NewJob): Promise<Accepted> => this.#accepts.accept(job);
  acceptMany = (jobs: readonly NewJob[]): Promise<Job[]> => this.#run(acceptMany, jobs);
  job = (tenant: string, id: string): Promise<Job | null> => this.#run(reads.job, tenant, id);
  jobs = (tenant: string, filter: JobFilter, page: Page): Promise<Job[]> =>
    this.#run(reads.jobs, tenant, filter, page);
  recentJobs = (tenant: string, page: { since: Date; limit: number }): Promise<JobSummary[]> =>
    this.#run(recentJobs, tenant, page);
  unendedJobs = (most: number): Promise<Partial<Record<JobState, number>>> => this.#run(unendedJobs, most);
  steps = (jobId: string): Promise<Step[]> => this.#run(reads.steps, jobId);
  progress = (followed: readonly FollowedJob[]): Promise<Progress[]> => this.#run(progress, followed);
  addDataKey = (key: NewDataKey): Promise<void> => this.#run(wraps.addDataKey, key);
  dataKey = (id: string): Promise<DataKey | null> => this.#run(wraps.dataKey, id);
  newestDataKey = (tenant: string): Promise<DataKey | null> => this.#run(wraps.newestDataKey, tenant);
  dataKeys = (page: { after: string | null; limit: number }): Promise<DataKey[]> =>
    this.#run(wraps.dataKeys, page);
  wrappingKeys = (): Promise<DataKey[]> => this.#run(wraps.wrappingKeys);
  rewrapDataKey = (
    id: string,
    from: string,
    to: Pick<NewDataKey, 'wrappedBy' | 'wrapped'>,
  ): Promise<boolean> => this.#run(wraps.rewrapDataKey, id, from, to);
  eraseDataKeys = (tenant: string): Promise<number> => this.#run(wraps.eraseDataKeys, tenant);
  claims = (jobId: string): Promise<Claim[]> => this.#run(readClaims, jobId);

  take = (jobId: string, options = { durable: false }): Promise<Take> =>
    this.#run(take, jobId, options.durable);
  recordStep = (fence: Fence, step: Step, options: { durable: boolean }): Promise<Recorded> =>
    this.#run(recordStep, fence, step, options.durable);
  claim = (fence: Fence, positions: readonly Position[]): Promise<Position[] | 'superseded'> =>
    this.#run(claim, fence, positions);
  unclaim = (fence: Fence, positions: readonly Position[]): Promise<void> =>
    this.#run(unclaim, fence, positions);
  settle = (fence: Fence, ending: Ending): Promise<Settled> => this.#run(settle, fence, ending);
  end = (job: HeldJob, ending: Ending): Promise<Settled> => this.#run(end, job, ending);
  raiseBudget = (tenant: string, jobId: string, raise: Partial<Budget>): Promise<Job | null> =>
    this.#run(raiseBudget, tenant, jobId, raise);
  interrupt = (tenant: string, jobId: string): Promise<boolean> => this.#run(interrupt, tenant, jobId);
  join = (fence: Fence): Promise<JoinedQuery[] | 'superseded'> => this.#run(join, fence);
  news = (fences: readonly HeldJob[]): Promise<FenceNews[]> => this.#run(news, fences);
  park = (fence: Fence, wait: Wait): Promise<'parked' | 'due' | 'superseded'> => this.#run(park, fence, wait);
  release = (fence: Fence): Promise<'released' | 'superseded'> => this.#run(release, fence);

  requestApprovals = (
    fence: Fence,
    requests: readonly NewApproval[],
  ): Promise<RequestedApproval[] | 'superseded'> => this.#run(requestApprovals, fence, requests);
  approvals = (tenant: string, filter: ApprovalFilter, page: Page): Promise<Approval[]> =>
    this.#run(approvals, tenant, filter, page);
  approval = (tenant: string, jobId: string, toolUseId: string): Promise<Approval | null> =>
    this.#run(approval, tenant, jobId, toolUseId);
  decide = (tenant: string, jobId: string, toolUseId: string, verdict: Verdict): Promise<Decided | null> =>
    this.#run(decide, tenant, jobId, toolUseId, verdict);

  cutContext = (sessionId: string, turn: number): Promise<void> =>
    guard(async () => {
      await this.#database.sessions.updateOne({ _id: sessionId }, { $max: { context_from: turn } }, flushed);
    });

  appendAudit = (entry: AuditEntry): Promise<boolean> => this.#run(appendAudit, entry);
  auditLog = (tenant: string, page: { before?: number | undefined; limit: number }): Promise<AuditEntry[]> =>
    this.#run(auditLog, tenant, page);
  openJobs = (tenant: string, most: number): Promise<{ queued: number; running: number }> =>
    this.#run(keys.openJobs, tenant, most);
  saveAgent = (tenant: string, spec: AgentSpec): Promise<StoredAgent> =>
    this.#run(agents.saveAgent, tenant, spec);
  agent = (tenant: string, name: string, version: number | null): Promise<StoredAgent | null> =>
    this.#run(agents.agent, tenant, name, version);
  agents = (tenant: string, page: Page): Promise<StoredAgent[]> => this.#run(agents.agents, tenant, page);
  deleteAgent = (tenant: string, name: string): Promise<boolean> =>
    this.#run(agents.deleteAgent, tenant, name);
  createKey = (key: NewApiKey): Promise<ApiKey> => this.#run(keys.createKey, key);
  apiKey = (id: string): Promise<ApiKey | null> => this.#run(keys.apiKey, id);
  apiKeys = (tenant: string | null, page: Page): Promise<ApiKey[]> => this.#run(keys.apiKeys, tenant, page);
  endKey = (
    tenant: string | null,
    id: string,
    at: Date,
    how: 'expires' | 'revoked',
  ): Promise<ApiKey | null> => this.#run(keys.endKey, tenant, id, at, how);
  keysUsed = (ids: readonly string[]): Promise<void> => this.#run(keys.keysUsed, ids);
  limits = (tenant: string): Promise<TenantLimits> => this.#run(keys.limits, tenant);
  dayCost = (tenant: string): Promise<DayCost> => this.#run(dayCost, tenant);
  setLimits = (tenant: string, limits: TenantLimits): Promise<void> =>
    this.#run(keys.setLimits, tenant, limits);

  saveToolset = (toolset: Toolset): Promise<void> =>
    this.#toolsets.save(toolset, () => this.#run(saveToolset, toolset));
  toolset = (hash: string): Promise<Toolset | null> =>
    this.#toolsets.read(hash, () => this.#run(toolset, hash));
  saveBlob = (blob: NewBlob): Promise<string> => this.#run(saveBlob, blob);
  blob = (tenant: string, id: string): Promise<StoredBlob | null> => this.#run(blob, tenant, id);

  unmovedJobs = (
    idle: { idleMs: number; runningIdleMs: number },
    page: { after: string | null; limit: number },
  ): Promise<ReadyJob[]> => this.#run(unmovedJobs, idle, page);
  freeSessions = (limit: number): Promise<string[]> => this.#run(freeSessions, limit);
  freeJoined = (limit: number): Promise<string[]> => this.#run(freeJoined, limit);
  overdueJobs = (limit: number): Promise<Job[]> => this.#run(overdueJobs, limit);
  collectBlobs = (idleMs: number, page: { after: string | null; limit: number }): Promise<CollectedBlobs> =>
    this.#run(collectBlobs, idleMs, page);

  createWebhook = (webhook: NewWebhook): Promise<Webhook> => this.#run(hooks.createWebhook, webhook);
  webhook = (tenant: string, id: string): Promise<Webhook | null> => this.#run(hooks.webhook, tenant, id);
  webhooks = (tenant: string, page: Page): Promise<Webhook[]> => this.#run(hooks.webhooks, tenant, page);
  updateWebhook = (tenant: string, id: string, change: WebhookChange): Promise<Webhook | null> =>
    this.#run(hooks.updateWebhook, tenant, id, change);
  deleteWebhook = (tenant: string, id: string): Promise<boolean> =>
    this.#run(hooks.deleteWebhook, tenant, id);
  jobSecrets = (tenant: string, fresh: string): Promise<string[]> => this.#run(jobSecrets, tenant, fresh);
  setJobSecrets = (tenant: string, secrets: readonly string[]): Promise<void> =>
    this.#run(setJobSecrets, tenant, secrets);
  unannouncedJobs = (limit: number): Promise<UnannouncedJob[]> =>
    this.#run(announcing.unannouncedJobs, limit);
  announce = (jobId: string, deliveries: readonly NewDelivery[]): Promise<void> =>
    this.#run(announcing.announce, jobId, deliveries);
  unannouncedBatches = (limit: number): Promise<UnannouncedBatch[]> =>
    this.#run(announcing.unannouncedBatches, limit);
  announceBatch = (
    batch: Pick<UnannouncedBatch, 'batchId' | 'endedAt'>,
    deliveries: readonly NewDelivery[],
  ): Promise<void> => this.#run(announcing.announceBatch, batch, deliveries);
  unannouncedApprovals = (limit: number): Promise<UnannouncedApproval[]> =>
    this.#run(announcing.unannouncedApprovals, limit);
  announceApproval = (
    approval: Pick<UnannouncedApproval, 'jobId' | 'round' | 'slot'>,
    deliveries: readonly NewDelivery[],
  ): Promise<void> => this.#run(announcing.announceApproval, approval, deliveries);
  dueDeliveries = (due: DueDeliveries): Promise<Delivery[]> => this.#run(log.dueDeliveries, due);
  recordAttempt = (deliveryId: string, attempt: EndedAttempt): Promise<RecordedAttempt> =>
    this.#run(log.recordAttempt, deliveryId, attempt);
  deliveries = (tenant: string, webhookId: string, page: Page): Promise<Delivery[]> =>
    this.#run(log.deliveries, tenant, webhookId, page);
  jobDeliveries = (tenant: string, jobId: string, page: Page): Promise<Delivery[]> =>
    this.#run(log.jobDeliveries, tenant, jobId, page);
  redeliver = (tenant: string, deliveryId: string): Promise<Delivery | null> =>
    this.#run(log.redeliver, tenant, deliveryId);

  createBatch = (batch: NewBatch): Promise<Batch> => this.#run(batching.createBatch, batch);
  batch = (tenant: string, id: string): Promise<Batch | null> => this.#run(batching.batch, tenant, id);
  batches = (tenant: string, surface: Batch['surface'], page: Page): Promise<Batch[]> =>
    this.#run(batching.batches, tenant, surface, page);
  appendLines = (tenant: string, id: string, upload: UploadedLines): Promise<Appended> =>
    this.#run(appendLines, tenant, id, upload);
  finalizeBatch = (tenant: string, id: string): Promise<Batch | null> =>
    this.#run(batching.finalizeBatch, tenant, id);
  changeBatch = (tenant: string, id: string, change: BatchChange): Promise<Batch | null> =>
    this.#run(batching.changeBatch, tenant, id, change);
  retryLines = (tenant: string, id: string, expiresAt: Date): Promise<Batch | null> =>
    this.#run(retryLines, tenant, id, expiresAt);
  deleteBatch = (tenant: string, id: string): Promise<'deleted' | 'not_ended' | 'absent'> =>
    this.#run(deleteBatch, tenant, id);
  lineResults = (
    batchId: string,
    page: { after: number; limit: number; ended: boolean },
  ): Promise<LineResult[]> => this.#run(lineResults, batchId, page);
  batchesAtWork = (limit: number): Promise<Batch[]> => this.#run(batching.batchesAtWork, limit);
  waitingLines = (batchId: string, limit: number): Promise<WaitingLine[]> =>
    this.#run(lines.waitingLines, batchId, limit);
  admitLines = (batchId: string, admitted: readonly { n: number; job: NewJob }[]): Promise<number[]> =>
    this.#run(lines.admitLines, batchId, admitted);
  collectLines = (batchId: string, options: { limit: number; lostMs: number }): Promise<CollectedLines> =>
    this.#run(collectLines, batchId, options);
  unmadeLines = (batchId: string, limit: number): Promise<WaitingLine[]> =>
    this.#run(lines.unmadeLines, batchId, limit);
  reserve = (batchId: string, jobId: string, need: BudgetNeed): Promise<BatchUse> =>
    this.#run(reserve, batchId, jobId, need);
  openLines = (batchId: string, limit: number): Promise<string[]> =>
    this.#run(lines.openLines, batchId, limit);
  closeLines = (batchId: string, state: 'canceled' | 'expired', limit: number): Promise<number> =>
    this.#run(lines.closeLines, batchId, state, limit);
  advanceBatch = (batchId: string): Promise<BatchState> => this.#run(batching.advanceBatch, batchId);
  raiseShare = (tenant: string, used: number): Promise<void> => this.#run(raiseShare, tenant, used);
  shares = (tenants: readonly string[]): Promise<Map<string, Share>> => this.#run(shares, tenants);
  offlineCall = (jobId: string): Promise<OfflineCall | null> => this.#run(calls.offlineCall, jobId);
  askOffline = (fence: Fence, call: NewOfflineCall): Promise<'asked' | 'superseded'> =>
    this.#run(calls.askOffline, fence, call);
  withdrawCall = (fence: Fence, call: OfflineCall): Promise<boolean> =>
    this.#run(calls.withdrawCall, fence, call);
  waitingCalls = (): Promise<WaitingCalls[]> => this.#run(calls.waitingCalls);
  claimCalls = (batch: Pick<UpstreamBatch, 'id' | 'model'>, limit: number): Promise<OfflineCall[]> =>
    this.#run(calls.claimCalls, batch, limit);
  unansweredCalls = (batchId: string): Promise<OfflineCall[]> => this.#run(calls.unansweredCalls, batchId);
  releaseCalls = (batchId: string, jobIds: readonly string[] | null, how: 'again' | 'gone'): Promise<void> =>
    this.#run(calls.releaseCalls, batchId, jobIds, how);
  answerCalls = (batchId: string, answers: ReadonlyMap<string, OfflineAnswer>): Promise<string[]> =>
    this.#run(calls.answerCalls, batchId, answers);
  dropOfflineCalls = (limit: number): Promise<number> => this.#run(calls.dropOfflineCalls, limit);
  openBatches = (): Promise<UpstreamBatch[]> => this.#run(upstream.openBatches);
  moveBatch = (
    id: string,
    from: UpstreamState,
    to: { state: UpstreamState; upstreamId?: string; requests?: number },
  ): Promise<boolean> => this.#run(upstream.moveBatch, id, from, to);
  recordedBatches = (upstreamIds: readonly string[]): Promise<string[]> =>
    this.#run(upstream.recordedBatches, upstreamIds);
  upstreamDurations = (limit: number): Promise<number[]> => this.#run(upstream.upstreamDurations, limit);
  deleteDeliveries = (olderThanMs: number, limit: number): Promise<number> =>
    this.#run(log.deleteDeliveries, olderThanMs, limit);
}

/** Opens the store on a MongoDB server. Connects when it is first used. */
export function openMongoStore(url: string): MongoStore {
  return new MongoStore(openDatabase(url));
}
