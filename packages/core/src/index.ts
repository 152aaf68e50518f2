export {
  type AgentSettings,
  type AgentSpec,
  agentSettings,
  agentSpec,
  composeAgent,
  type StoredAgent,
  type ToolSafety,
  toolSafety,
  type UnknownOutcomePolicy,
  unknownOutcomePolicy,
} from './agent.ts';
export { type ApiKey, type NewApiKey, noLimits, type Scope, scopes, type TenantLimits } from './api-key.ts';
export {
  type Approval,
  type ApprovalFilter,
  approvalId,
  approvalWait,
  type Decided,
  type Decision,
  isSameJson,
  type NewApproval,
  parseApprovalId,
  type RequestedApproval,
  type Verdict,
} from './approval.ts';
export { backoffMs } from './backoff.ts';
export { clockDifference, clockWarnings, describeClock } from './clock-difference.ts';
export type {
  Accepted,
  Claim,
  CollectedBlobs,
  ContextStore,
  Ending,
  FenceNews,
  FollowedJob,
  JobFilter,
  JoinedQuery,
  NewBlob,
  Progress,
  ReadyJob,
  Recorded,
  SessionChange,
  Settled,
  StoredBlob,
  Take,
  Wait,
} from './context-store.ts';
export { type EndedJob, endJob } from './end-job.ts';
export {
  type ErrorCode,
  errorCodes,
  FleetError,
  type FleetErrorOptions,
  type Retry,
  toFleetError,
} from './errors.ts';
export type { EventListener, FleetEvent, JobRef } from './events.ts';
export type { Fence, HeldJob } from './fence.ts';
export { estimateTokens, type FittedContext, fitContext } from './fit-context.ts';
export {
  type Failures,
  isTerminal,
  type Job,
  type JobError,
  type JobState,
  type JobTotals,
  jobFormat,
  jobStates,
  type NewJob,
  plainJob,
  type TerminalState,
  type Turn,
  totalsOf,
} from './job.ts';
export {
  type ContentBlock,
  contentBlock,
  type Message,
  type TextBlock,
  type ToolResultBlock,
  type ToolUseBlock,
  textBlock,
  textOf,
  toolResultBlock,
  toolUseBlock,
  toolUses,
} from './message.ts';
export type { Outcome } from './outcome.ts';
export type { Page } from './page.ts';
export type {
  Alarm,
  Clock,
  JobQueue,
  Model,
  ModelReply,
  ModelRequest,
  ToolCall,
  ToolDefinition,
  ToolOutput,
  ToolProvider,
  Toolset,
} from './ports.ts';
export { type ReplayFrom, replayOf } from './replay-job.ts';
export { type RunOptions, runJob } from './run-job.ts';
export type { RunPolicy, RunPorts, RunRequests } from './running.ts';
export { type BusyPolicy, busyPolicies, type NewSession, type Session } from './session.ts';
export {
  comparePositions,
  type Position,
  type ReplyStep,
  type ResultStep,
  type SteerStep,
  type Step,
  step,
  turnMessages,
  type Usage,
} from './step.ts';
export {
  type AttemptResult,
  type Delivery,
  type DueDeliveries,
  type EndedAttempt,
  endEvent,
  type NewDelivery,
  type NewWebhook,
  type UnannouncedJob,
  type Webhook,
  type WebhookChange,
  type WebhookEvent,
  wants,
  webhookEvents,
} from './webhook.ts';
