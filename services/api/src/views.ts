import {
  type ApiKey,
  type Job,
  laneOf,
  type Message,
  type Nanos,
  type Session,
  type Step,
  sessionExpiry,
  type TenantLimits,
  toUsd,
  type Used,
} from '@mcp-fleet/core';
import { messageId } from './message-id.ts';
import type { JobView, StepView } from './schemas/jobs.ts';
import type { KeyView } from './schemas/keys.ts';
import type { SessionView } from './schemas/sessions.ts';

/** A job as the API shows it. */
export function jobView(job: Job): JobView {
  return {
    id: job.id,
    type: 'job',
    state: job.state,
    priority: laneOf(job.id),
    session_id: job.sessionId,
    turn: job.turn,
    agent: job.agent.name,
    agent_version: job.agent.version,
    model: job.agent.model,
    query: job.query,
    answer: job.answer,
    stop_reason: job.stopReason,
    error: job.error === null ? null : { type: job.error.code, message: job.error.message },
    wait: waitView(job),
    budget: budgetView(job),
    usage: job.totals === null ? null : usageView(job.totals),
    metadata: job.metadata,
    attempts: job.epoch,
    not_before: job.notBefore?.toISOString() ?? null,
    expires_at: job.expiresAt?.toISOString() ?? null,
    deadline: job.deadline?.toISOString() ?? null,
    joined: job.joined,
    replay_of: job.replayOf,
    webhook: job.webhook,
    created_at: job.createdAt.toISOString(),
    started_at: job.startedAt?.toISOString() ?? null,
    ended_at: job.endedAt?.toISOString() ?? null,
  };
}

function waitView({ waitUntil, waitReason }: Job): JobView['wait'] {
  if (waitUntil === null && waitReason === null) return null;
  return { until: waitUntil?.toISOString() ?? null, reason: waitReason };
}

function budgetView({ budget, budgetNeed }: Job): JobView['budget'] {
  if (budget.cost === null && budget.tokens === null) return null;
  const use = ({ cost, tokens }: Used) => ({ cost_usd: usdOf(cost), tokens });
  return {
    max_cost_usd: usdOf(budget.cost),
    max_tokens: budget.tokens,
    shortfall: budgetNeed && { spent: use(budgetNeed.spent), next_call: use(budgetNeed.next) },
  };
}

const usdOf = (cost: Nanos | null) => (cost === null ? null : toUsd(cost));

function usageView(totals: NonNullable<Job['totals']>) {
  return {
    input_tokens: totals.inputTokens,
    output_tokens: totals.outputTokens,
    cache_read_input_tokens: totals.cacheReadTokens,
    cache_creation_input_tokens: totals.cacheWriteTokens,
    model_calls: totals.modelCalls,
    tool_calls: totals.toolCalls,
    cost_usd: usdOf(totals.cost),
  };
}

/** A session as the API shows it. */
export function sessionView(session: Session): SessionView {
  return {
    id: session.id,
    type: 'session',
    agent: session.agent,
    on_busy: session.onBusy,
    active_job: session.activeJob,
    metadata: session.metadata,
    ttl_seconds: session.ttlSeconds,
    expires_at: sessionExpiry(session)?.toISOString() ?? null,
    created_at: session.createdAt.toISOString(),
    updated_at: session.updatedAt.toISOString(),
  };
}

/** A step as the API shows it. */
export function stepView(step: Step): StepView {
  if (step.kind === 'steer') {
    const { round, slot, content, jobs } = step;
    return { type: 'joined_query', round, slot, duration_ms: 0, content, jobs };
  }
  const at = { round: step.round, slot: step.slot, duration_ms: Math.round(step.ms) };
  if (step.kind === 'result') {
    return {
      type: 'tool_result',
      ...at,
      tool: step.tool,
      tool_use_id: step.block.tool_use_id,
      content: step.block.content,
      outcome: step.outcome,
      blob: step.blob ?? null,
    };
  }
  return {
    type: 'reply',
    ...at,
    model: step.model,
    content: step.content,
    stop_reason: step.stopReason,
    usage: { input_tokens: step.usage.inputTokens, output_tokens: step.usage.outputTokens },
    cost_usd: usdOf(step.cost ?? null),
  };
}

/** The n-th message of a turn, with the job that it belongs to. */
export function messageView({ role, content }: Message, jobId: string, n: number) {
  return { id: messageId(jobId, n), job_id: jobId, role, content };
}

/** A key as the API shows it, without its secret. */
export function keyView(key: ApiKey): KeyView {
  return {
    id: key.id,
    type: 'api_key',
    tenant: key.tenant,
    name: key.name,
    scopes: key.scopes,
    created_at: key.createdAt.toISOString(),
    expires_at: key.expiresAt?.toISOString() ?? null,
    revoked_at: key.revokedAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  };
}

export function limitsView(limits: TenantLimits) {
  const { requestsPerMinute, queuedJobs, runningJobs, dailyCost, weight } = limits;
  return {
    requests_per_minute: requestsPerMinute,
    queued_jobs: queuedJobs,
    running_jobs: runningJobs,
    daily_cost_usd: usdOf(dailyCost),
    weight,
  };
}
