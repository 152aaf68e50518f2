import {
  type Approval,
  type ApprovalFilter,
  approvalWait,
  type Decided,
  isSameJson,
  type NewApproval,
  type RequestedApproval,
  type Verdict,
} from '../approval.ts';
import type { BatchChange } from '../batch-store.ts';
import { type BatchUse, type Budget, type BudgetNeed, budgetWait } from '../budget.ts';
import type {
  Accepted,
  Claim,
  ContextStore,
  Ending,
  JoinedQuery,
  NewBlob,
  Recorded,
  Settled,
  Take,
  Wait,
} from '../context-store.ts';
import type { Fence } from '../fence.ts';
import { acceptedJob, isTerminal, type Job, type NewJob, type Turn } from '../job.ts';
import {
  customIdOf,
  type NewOfflineCall,
  type OfflineAnswer,
  type OfflineCall,
  upstreamWait,
} from '../offline-call.ts';
import type { Toolset } from '../ports.ts';
import type { NewSession, Session } from '../session.ts';
import { comparePositions, type Position, type Step } from '../step.ts';

interface StoredJob {
  job: Job;
  steps: Step[];
  claims: Claim[];
  steers: boolean;
  /** A call was decided about, or an upstream batch answered, since the job last asked. */
  decided: boolean;
}

type Verbs =
  | 'createSession'
  | 'accept'
  | 'take'
  | 'recordStep'
  | 'claim'
  | 'unclaim'
  | 'settle'
  | 'park'
  | 'release'
  | 'join'
  | 'claims'
  | 'cutContext'
  | 'saveToolset'
  | 'toolset'
  | 'saveBlob'
  | 'requestApprovals'
  | 'approvals'
  | 'approval'
  | 'decide'
  | 'raiseBudget'
  | 'steps'
  | 'offlineCall'
  | 'askOffline'
  | 'withdrawCall'
  | 'upstreamDurations'
  | 'reserve'
  | 'changeBatch';

/** The part of the context store that the loop uses, in memory, for the core's own tests. */
export class MemoryStore implements Pick<ContextStore, Verbs> {
  readonly jobs = new Map<string, StoredJob>();
  readonly sessions = new Map<string, Session>();
  readonly toolsets = new Map<string, Toolset>();
  readonly blobs = new Map<string, NewBlob>();
  readonly allApprovals: Approval[] = [];
  readonly offline = new Map<string, OfflineCall>();
  /** What the batch of every job has beside it; null for one without a budget. */
  batchUse: BatchUse | null = null;
  /** What jobs have reserved in it, in order. */
  readonly reserved: BudgetNeed[] = [];
  readonly batchChanges: BatchChange[] = [];
  /** How long the upstream batches took that have ended, in milliseconds. */
  durations: number[] = [];
  /** The time at which the clock of the store stands. */
  now = 1000;
  #takes = 0;
  /** Called before each verb; throw in it to make the verb fail. */
  before: (verb: Verbs) => void = () => undefined;

  async createSession(session: NewSession): Promise<Session> {
    const now = new Date(0);
    const stored: Session = {
      ...session,
      ttlSeconds: session.ttlSeconds ?? null,
      activeJob: null,
      contextFrom: 1,
      createdAt: now,
      updatedAt: now,
    };
    this.sessions.set(session.id, stored);
    return stored;
  }

  async accept(job: NewJob): Promise<Accepted> {
    const session = job.sessionId === null ? null : this.#session(job.sessionId);
    const turns = [...this.jobs.values()].filter((other) => other.job.sessionId === job.sessionId).length;
    const stored = acceptedJob(job, {
      turn: session ? turns + 1 : null,
      state: 'queued',
      waitUntil: null,
      waitReason: null,
      createdAt: new Date(0),
    });
    const claims = (job.replay?.claims ?? []).map((at) => ({ ...at, epoch: 0 }));
    const steps = [...(job.replay?.steps ?? [])];
    this.jobs.set(job.id, { job: stored, steps, claims, steers: job.onBusy === 'steer', decided: false });
    const ahead = session?.activeJob ?? null;
    if (session && ahead === null) session.activeJob = job.id;
    return { job: stored, created: true, ready: ahead === null, ahead };
  }

  async take(jobId: string): Promise<Take> {
    this.before('take');
    const stored = this.jobs.get(jobId);
    if (!stored) return { kind: 'absent' };
    const { job } = stored;
    if (isTerminal(job.state)) return { kind: 'ended', state: job.state, next: null };
    if (job.state === 'waiting' && job.waitUntil === null) return { kind: 'waiting', waitMs: null };
    const session = job.sessionId === null ? null : this.#session(job.sessionId);
    if (session && session.activeJob !== jobId) return { kind: 'blocked' };
    job.crashes += job.state === 'running' ? 1 : 0;
    job.epoch += 1;
    job.state = 'running';
    job.budgetNeed = null;
    const turns = session ? this.#turns(session) : [];
    const claims = stored.claims.filter((claim) => claim.epoch < job.epoch);
    const steered = this.#steering(jobId).length > 0;
    return {
      kind: 'taken',
      job: { ...job },
      session,
      steps: [...stored.steps],
      claims,
      turns,
      steered,
      batchBudgeted: this.batchUse !== null,
      ...this.#times(job),
    };
  }

  async join(fence: Fence): Promise<JoinedQuery[] | 'superseded'> {
    if (!this.#fenced(fence)) return 'superseded';
    const joining = this.#steering(fence.jobId);
    for (const { job } of joining) Object.assign(job, { state: 'waiting', joined: fence.jobId });
    return joining.map(({ job }) => ({ jobId: job.id, query: job.query }));
  }

  async claims(jobId: string): Promise<Claim[]> {
    return [...(this.jobs.get(jobId)?.claims ?? [])];
  }

  async recordStep(fence: Fence, step: Step): Promise<Recorded> {
    this.before('recordStep');
    const stored = this.#fenced(fence);
    if (!stored) return { kind: 'superseded' };
    const standing = stored.steps.find((other) => comparePositions(other, step) === 0);
    if (standing) return { kind: 'taken', step: standing };
    stored.steps.push(structuredClone(step));
    return { kind: 'recorded' };
  }

  async claim(fence: Fence, positions: readonly Position[]): Promise<Position[] | 'superseded'> {
    this.before('claim');
    const stored = this.#fenced(fence);
    if (!stored) return 'superseded';
    for (const position of positions) {
      if (stored.claims.some((claim) => comparePositions(claim, position) === 0)) continue;
      stored.claims.push({ ...position, epoch: fence.epoch });
    }
    return positions.filter((position) =>
      stored.claims.some((claim) => comparePositions(claim, position) === 0 && claim.epoch === fence.epoch),
    );
  }

  async unclaim(fence: Fence, positions: readonly Position[]): Promise<void> {
    const stored = this.#fenced(fence);
    if (!stored) return;
    const withdrawn = (claim: Claim) => positions.some((position) => comparePositions(claim, position) === 0);
    stored.claims = stored.claims.filter((claim) => !(claim.epoch === fence.epoch && withdrawn(claim)));
  }

  async settle(fence: Fence, ending: Ending): Promise<Settled> {
    this.before('settle');
    const stored = this.#fenced(fence);
    if (!stored) return { kind: 'superseded' };
    if (ending.step) {
      const recorded = await this.recordStep(fence, ending.step);
      if (recorded.kind === 'taken') return recorded;
    }
    const { state, answer, stopReason, error, totals } = ending;
    Object.assign(stored.job, { state, answer, stopReason, error, totals });
    for (const other of this.#steering(fence.jobId)) {
      if (ending.joined?.includes(other.job.id)) Object.assign(other.job, { state, answer, error });
      else Object.assign(other.job, { state: 'queued', joined: null });
    }
    const session = stored.job.sessionId === null ? null : this.#session(stored.job.sessionId);
    if (!session) return { kind: 'settled', next: null };
    const next = [...this.jobs.values()].find(
      ({ job }) => job.sessionId === session.id && !isTerminal(job.state),
    );
    session.activeJob = next?.job.id ?? null;
    return { kind: 'settled', next: session.activeJob };
  }

  async park(fence: Fence, wait: Wait): Promise<'parked' | 'due' | 'superseded'> {
    this.before('park');
    const stored = this.#fenced(fence);
    if (!stored) return 'superseded';
    const { interrupted, budget } = stored.job;
    const comes = wait.reason === approvalWait || wait.reason === upstreamWait;
    const due =
      interrupted ||
      (comes && stored.decided) ||
      (wait.budget !== undefined && !isSameJson(wait.budget.known, budget));
    const waitMs = due ? 0 : wait.waitMs;
    Object.assign(stored.job, {
      state: 'waiting',
      waitUntil: waitMs === null ? null : new Date(this.now + waitMs),
      waitReason: wait.reason,
      failures: wait.failures,
      budgetNeed: wait.budget?.need ?? null,
    });
    return due ? 'due' : 'parked';
  }

  async reserve(_batchId: string, _jobId: string, need: BudgetNeed): Promise<BatchUse> {
    this.reserved.push(need);
    return this.batchUse as BatchUse;
  }

  async changeBatch(_tenant: string, _id: string, change: BatchChange): Promise<null> {
    this.batchChanges.push(change);
    return null;
  }

  async raiseBudget(tenant: string, jobId: string, raise: Partial<Budget>): Promise<Job | null> {
    const { job } = this.jobs.get(jobId) ?? {};
    if (!job || job.tenant !== tenant || isTerminal(job.state)) return null;
    const raised = (standing: number | null, to: number | null | undefined) =>
      to === undefined || standing === null ? standing : to === null ? null : Math.max(standing, to);
    const { cost, tokens } = job.budget;
    job.budget = { cost: raised(cost, raise.cost), tokens: raised(tokens, raise.tokens) };
    if (job.state === 'waiting' && job.waitReason === budgetWait) job.waitUntil = new Date(this.now);
    return { ...job };
  }

  async requestApprovals(
    fence: Fence,
    requests: readonly NewApproval[],
  ): Promise<RequestedApproval[] | 'superseded'> {
    this.before('requestApprovals');
    const stored = this.#fenced(fence);
    if (!stored) return 'superseded';
    stored.decided = false;
    return requests.map(({ expiresMs, ...request }) => {
      const standing = this.#approvalsOf(fence.jobId).find((other) => comparePositions(other, request) === 0);
      const approval: Approval = standing ?? {
        ...structuredClone(request),
        jobId: fence.jobId,
        tenant: stored.job.tenant,
        requestedAt: new Date(this.now),
        expiresAt: new Date(this.now + expiresMs),
        decision: null,
      };
      if (!standing) this.allApprovals.push(approval);
      this.#expire(approval);
      const leftMs = approval.expiresAt.getTime() - this.now;
      return { ...approval, created: standing === undefined, leftMs };
    });
  }

  async approvals(tenant: string, { jobId }: ApprovalFilter): Promise<Approval[]> {
    return this.allApprovals.filter(
      (other) => other.tenant === tenant && (jobId === undefined || other.jobId === jobId),
    );
  }

  async approval(tenant: string, jobId: string, toolUseId: string): Promise<Approval | null> {
    return this.#newest(tenant, jobId, toolUseId) ?? null;
  }

  async decide(tenant: string, jobId: string, toolUseId: string, verdict: Verdict): Promise<Decided | null> {
    const approval = this.#newest(tenant, jobId, toolUseId);
    if (!approval) return null;
    const stored = this.jobs.get(jobId) as StoredJob;
    const { job } = stored;
    this.#expire(approval);
    if (approval.decision) return { kind: 'already', approval };
    if (isTerminal(job.state)) return { kind: 'ended', approval };
    stored.decided = true;
    approval.decision = { ...structuredClone(verdict), at: new Date(this.now) };
    if (job.state === 'waiting' && job.waitReason === approvalWait) job.waitUntil = new Date(this.now);
    return { kind: 'decided', approval };
  }

  async offlineCall(jobId: string): Promise<OfflineCall | null> {
    return this.offline.get(jobId) ?? null;
  }

  async askOffline(fence: Fence, call: NewOfflineCall): Promise<'asked' | 'superseded'> {
    this.before('askOffline');
    const stored = this.#fenced(fence);
    if (!stored) return 'superseded';
    stored.decided = false;
    const { jobId, epoch } = fence;
    if ((this.offline.get(jobId)?.round ?? -1) >= call.round) return 'asked';
    const customId = customIdOf(jobId, call.round, epoch);
    const { tenant } = stored.job;
    const asked = { ...call, jobId, tenant, customId, batchId: null, answer: null };
    this.offline.set(jobId, { ...asked, askedAt: new Date(this.now) });
    return 'asked';
  }

  async withdrawCall(fence: Fence, { customId, answer }: OfflineCall): Promise<boolean> {
    const standing = this.offline.get(fence.jobId);
    if (!this.#fenced(fence) || standing?.customId !== customId) return false;
    const free = answer === null ? standing.batchId === null && standing.answer === null : true;
    return free && this.offline.delete(fence.jobId);
  }

  async upstreamDurations(): Promise<number[]> {
    return this.durations;
  }

  /** What an upstream batch hands to a job. */
  answerOffline(jobId: string, answer: OfflineAnswer): void {
    const call = this.offline.get(jobId);
    if (!call) throw new Error(`${jobId} asked for nothing`);
    this.offline.set(jobId, { ...call, batchId: 'ub_1', answer });
    const stored = this.jobs.get(jobId) as StoredJob;
    stored.decided = true;
    if (stored.job.waitReason === upstreamWait) stored.job.waitUntil = new Date(this.now);
  }

  async release(fence: Fence): Promise<'released' | 'superseded'> {
    const stored = this.#fenced(fence);
    if (!stored) return 'superseded';
    stored.job.state = 'queued';
    return 'released';
  }

  async cutContext(sessionId: string, turn: number): Promise<void> {
    const session = this.#session(sessionId);
    session.contextFrom = Math.max(session.contextFrom, turn);
  }

  async saveToolset(toolset: Toolset): Promise<void> {
    this.toolsets.set(toolset.hash, toolset);
  }

  async toolset(hash: string): Promise<Toolset | null> {
    return this.toolsets.get(hash) ?? null;
  }

  async saveBlob(blob: NewBlob): Promise<string> {
    this.blobs.set(blob.id, blob);
    return blob.id;
  }

  async steps(jobId: string): Promise<Step[]> {
    return [...(this.jobs.get(jobId)?.steps ?? [])].sort(comparePositions);
  }

  /** The job as it stands. */
  stored(jobId: string): Job {
    const stored = this.jobs.get(jobId);
    if (!stored) throw new Error(`no job ${jobId}`);
    return stored.job;
  }

  #session(id: string): Session {
    const session = this.sessions.get(id);
    if (!session) throw new Error(`no session ${id}`);
    return session;
  }

  #approvalsOf(jobId: string): Approval[] {
    return this.allApprovals.filter((approval) => approval.jobId === jobId);
  }

  #newest(tenant: string, jobId: string, toolUseId: string): Approval | undefined {
    return this.#approvalsOf(jobId).findLast(
      (other) => other.tenant === tenant && other.toolUseId === toolUseId,
    );
  }

  #expire(approval: Approval): void {
    const { expiresAt, decision } = approval;
    if (decision === null && expiresAt.getTime() <= this.now) {
      approval.decision = { kind: 'expired', at: expiresAt };
    }
  }

  #times({ deadline, expiresAt }: Job): { owner: string; leftMs: number | null; expired: boolean } {
    return {
      owner: `owner ${++this.#takes}`,
      leftMs: deadline === null ? null : deadline.getTime() - this.now,
      expired: expiresAt !== null && expiresAt.getTime() <= this.now,
    };
  }

  #steering(jobId: string): StoredJob[] {
    const { sessionId } = this.stored(jobId);
    return [...this.jobs.values()].filter(
      ({ job, steers }) =>
        (job.joined === jobId && job.state === 'waiting') ||
        (steers && job.id !== jobId && job.sessionId === sessionId && job.state === 'queued'),
    );
  }

  #fenced(fence: Fence): StoredJob | undefined {
    const stored = this.jobs.get(fence.jobId);
    return stored?.job.epoch === fence.epoch && stored.job.state === 'running' ? stored : undefined;
  }

  #turns(session: Session): Turn[] {
    return [...this.jobs.values()]
      .filter(({ job }) => job.sessionId === session.id && job.state === 'succeeded')
      .filter(({ job }) => (job.turn ?? 0) >= session.contextFrom)
      .map(({ job, steps }) => ({
        jobId: job.id,
        turn: job.turn ?? 0,
        query: job.query,
        steps: [...steps].sort(comparePositions),
      }));
  }
}
