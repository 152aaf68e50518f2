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
export {
  type ApiKey,
  type DayCost,
  type NewApiKey,
  noLimits,
  type Scope,
  scopes,
  type TenantLimits,
} from './api-key.ts';
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
export type { AuditEntry, AuditStore } from './audit.ts';
export { backoffMs } from './backoff.ts';
export {
  type Batch,
  type BatchState,
  batchStates,
  encodeLine,
  type LineBody,
  type LineCounts,
  type LineResult,
  type LineState,
  lineJob,
  lineJobId,
  lineStates,
  type NewBatch,
  type NewLine,
  type OnInvalid,
  onInvalid,
  type WaitingLine,
} from './batch.ts';
export type {
  Appended,
  BatchChange,
  BatchStore,
  CollectedLines,
  Share,
  UploadedLines,
} from './batch-store.ts';
export {
  type BatchUse,
  type Budget,
  type BudgetNeed,
  budgetOf,
  budgetWait,
  noBudget,
  type Used,
} from './budget.ts';
export { unpricedReason } from './check-batch-budget.ts';
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
export { cutTurn } from './cut-turn.ts';
export type { DataKey, DataKeyStore, NewDataKey } from './data-key.ts';
export { type EndedJob, endJob } from './end-job.ts';
export {
  type ErrorCode,
  errorCodes,
  FleetError,
  type FleetErrorOptions,
  type Retry,
  toFleetError,
} from './errors.ts';
export { type Estimate, type EstimatedJob, estimateCost, type Range } from './estimate-cost.ts';
export type { EventListener, FleetEvent, JobRef } from './events.ts';
export { type Contender, chooseFairly, floorOf } from './fair-shares.ts';
export type { Fence, HeldJob } from './fence.ts';
export { estimateTokens, type FittedContext, fitContext } from './fit-context.ts';
export {
  acceptedJob,
  type Failures,
  isTerminal,
  type Job,
  type JobError,
  type JobState,
  type JobSummary,
  type JobTotals,
  jobFormat,
  jobStates,
  type NewJob,
  plainJob,
  type TerminalState,
  type Turn,
  totalsOf,
  workOf,
} from './job.ts';
export {
  asksFor,
  type JobWebhook,
  jobWebhookEvents,
  jobWebhookId,
  type WebhookEvent,
  webhookEvents,
} from './job-webhook.ts';
export { idInLane, type Lane, laneOf, lanes } from './lane.ts';
export {
  type ContentBlock,
  contentBlock,
  type Message,
  message,
  type TextBlock,
  type ToolResultBlock,
  type ToolUseBlock,
  textBlock,
  textOf,
  toolResultBlock,
  toolUseBlock,
  toolUses,
} from './message.ts';
export { fromUsd, type Nanos, toUsd, usdText } from './money.ts';
export {
  customIdOf,
  type NewOfflineCall,
  type OfflineAnswer,
  type OfflineCall,
  offlineAnswer,
  upstreamWait,
} from './offline-call.ts';
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
  ToolProgress,
  ToolProvider,
  Toolset,
} from './ports.ts';
export { costBounds, costOf, type Price, type PriceInput } from './price.ts';
export { knownPrice, type NamedPrice, type PriceList, priceList, prices } from './price-list.ts';
export { rebuildRequest } from './rebuild-request.ts';
export { type ReplayFrom, replayOf } from './replay-job.ts';
export { type FileInfo, fileInfo, type ResultFile, resultFile } from './result-file.ts';
export { type RunOptions, runJob } from './run-job.ts';
export type { RunPolicy, RunPorts, RunRequests } from './running.ts';
export { type BusyPolicy, busyPolicies, type NewSession, type Session, sessionExpiry } from './session.ts';
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
export { p95, type UpstreamBatch, type UpstreamState, type WaitingCalls } from './upstream-batch.ts';
export {
  type AttemptResult,
  approvalEvent,
  approvalOfEvent,
  batchEvent,
  type Delivery,
  type DueDeliveries,
  type EndedAttempt,
  endEvent,
  type NewDelivery,
  type NewWebhook,
  type RecordedAttempt,
  type UnannouncedApproval,
  type UnannouncedBatch,
  type UnannouncedJob,
  type Webhook,
  type WebhookChange,
  wants,
} from './webhook.ts';
