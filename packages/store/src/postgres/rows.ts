import {
  type BusyPolicy,
  contentBlock,
  type Job,
  type JobState,
  type Session,
  step,
  type Turn,
} from '@mcp-fleet/core';
import { z } from 'zod';
import { needOf } from '../budget-codec.ts';
import {
  decodeAgent,
  decodeContext,
  decodeError,
  decodeJobWebhook,
  decodeMetadata,
  decodeQuery,
  decodeTotals,
} from '../record-codec.ts';

export interface JobRow {
  id: string;
  tenant: string;
  session_id: string | null;
  turn: number | null;
  state: JobState;
  agent: string;
  context: string | null;
  query: string;
  metadata: string;
  format: number;
  epoch: number;
  crashes: number;
  model_failures: number;
  tool_failures: number;
  wait_until: Date | null;
  wait_reason: string | null;
  not_before: Date | null;
  expires_at: Date | null;
  deadline: Date | null;
  /** Of type bigint, which the driver gives as text. */
  budget_cost: string | null;
  budget_tokens: string | null;
  budget_need: string | null;
  joined: string | null;
  interrupted: boolean;
  replay_of: string | null;
  batch_id: string | null;
  webhook: string | null;
  trace: string | null;
  answer: string | null;
  stop_reason: string | null;
  error: string | null;
  totals: string | null;
  idempotency_key: string | null;
  request_hash: string | null;
  created_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
}

export interface SessionRow {
  id: string;
  tenant: string;
  agent: string;
  on_busy: BusyPolicy;
  metadata: string;
  ttl_seconds: number | null;
  active_job: string | null;
  context_from: number;
  created_at: Date;
  updated_at: Date;
}

export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    tenant: row.tenant,
    sessionId: row.session_id,
    turn: row.turn,
    state: row.state,
    agent: decodeAgent(row.agent),
    context: decodeContext(row.context),
    query: decodeQuery(row.query),
    metadata: decodeMetadata(row.metadata),
    format: row.format,
    epoch: row.epoch,
    crashes: row.crashes,
    failures: { model: row.model_failures, tools: row.tool_failures },
    waitUntil: row.wait_until,
    waitReason: row.wait_reason,
    notBefore: row.not_before,
    expiresAt: row.expires_at,
    deadline: row.deadline,
    budget: { cost: toNumber(row.budget_cost), tokens: toNumber(row.budget_tokens) },
    budgetNeed: needOf(row.wait_reason, row.budget_need),
    joined: row.joined,
    interrupted: row.interrupted,
    replayOf: row.replay_of,
    batchId: row.batch_id,
    webhook: row.webhook === null ? null : decodeJobWebhook(row.webhook),
    trace: row.trace,
    answer: row.answer,
    stopReason: row.stop_reason,
    error: row.error === null ? null : decodeError(row.error),
    totals: row.totals === null ? null : decodeTotals(row.totals),
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

const toNumber = (text: string | null) => (text === null ? null : Number(text));

export function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    tenant: row.tenant,
    agent: row.agent,
    onBusy: row.on_busy,
    metadata: decodeMetadata(row.metadata),
    ttlSeconds: row.ttl_seconds,
    activeJob: row.active_job,
    contextFrom: row.context_from,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

const turnList: z.ZodType<Turn[]> = z.array(
  z.object({ jobId: z.string(), turn: z.int(), query: z.array(contentBlock), steps: z.array(step) }),
);
const stepList = z.array(step);

/** Reads the text that `stepsJson` made. */
export const parseSteps = (text: string) => stepList.parse(JSON.parse(text));
/** Reads the text that `turnsJson` made. */
export const parseTurns = (text: string) => turnList.parse(JSON.parse(text));

/** SQL for a job's steps from a round on as one JSON text, with the bodies as they were written. */
export function stepsJson(jobId: string, fromRound = '0'): string {
  return `(SELECT '[' || coalesce(string_agg(st.body, ',' ORDER BY st.round, st.slot), '') || ']'
     FROM fleet.steps st WHERE st.job_id = ${jobId} AND st.round >= ${fromRound})`;
}

/** SQL for the succeeded turns of a session, from a turn on, as one JSON text. */
export function turnsJson(sessionId: string, from: string): string {
  return `(SELECT '[' || coalesce(string_agg(
       '{"jobId":' || to_json(tj.id)::text || ',"turn":' || tj.turn || ',"query":' || tj.query
       || ',"steps":' || ${stepsJson('tj.id')} || '}', ',' ORDER BY tj.turn), '') || ']'
     FROM fleet.jobs tj
     WHERE tj.session_id = ${sessionId} AND tj.state = 'succeeded' AND tj.joined IS NULL AND tj.turn >= ${from})`;
}
