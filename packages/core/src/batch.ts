import { z } from 'zod';
import { type AgentSettings, type AgentSpec, agentSettings, composeAgent } from './agent.ts';
import { type Budget, budgetOf } from './budget.ts';
import type { Job, JobTotals, NewJob } from './job.ts';
import { plainJob } from './job.ts';
import { idInLane } from './lane.ts';
import { type ContentBlock, contentBlock, type Message, message } from './message.ts';
import type { ReplyStep } from './step.ts';

/**
 * `uploading → in_progress ⇄ paused → ended`, and `canceling` or `expiring` before the end while lines that have
 * begun are being stopped.
 */
export const batchStates = ['uploading', 'in_progress', 'paused', 'canceling', 'expiring', 'ended'] as const;
export type BatchState = (typeof batchStates)[number];

/** What becomes of a line: `waiting` is in the store alone, `open` has a job that has not ended. */
export const lineStates = [
  'waiting',
  'open',
  'succeeded',
  'errored',
  'canceled',
  'expired',
  'invalid',
] as const;
export type LineState = (typeof lineStates)[number];

/** How many lines are in each state. Their sum is the number of lines. */
export type LineCounts = Record<LineState, number>;

/** What a bad line means for its batch: the whole upload is refused, or the line alone is reported. */
export const onInvalid = z.enum(['reject', 'skip']);
export type OnInvalid = z.infer<typeof onInvalid>;

/** Jobs submitted together. Lines wait in the store and become jobs as workers have room for them. */
export interface Batch {
  id: string;
  tenant: string;
  /** Whose form its lines and results have: the fleet's own, or that of Anthropic's Message Batches. */
  surface: 'fleet' | 'messages';
  state: BatchState;
  /** Name of the agent of lines that name none. */
  agent: string;
  /** The agents of its lines as they were when a line first named them. */
  agents: Record<string, AgentSpec>;
  onInvalid: OnInvalid;
  metadata: Record<string, string>;
  /** Bytes of the upload that are stored, which is where a broken one goes on. */
  bytes: number;
  /** Lines of the upload that are stored, blank ones included, which are nothing else. */
  lastLine: number;
  counts: LineCounts;
  /** Sums over the jobs that have ended. */
  totals: JobTotals;
  /** What all its lines together may use; no line begins once they would use more. */
  budget: Budget;
  /** Why it is paused, for people; null while it is not. */
  pauseReason: string | null;
  createdAt: Date;
  finalizedAt: Date | null;
  /** Lines that have not ended by then expire. */
  expiresAt: Date;
  cancelRequestedAt: Date | null;
  endedAt: Date | null;
}

export type NewBatch = Pick<
  Batch,
  'id' | 'tenant' | 'surface' | 'agent' | 'onInvalid' | 'metadata' | 'budget' | 'expiresAt'
>;

/** What one line asks for, as it is stored. */
const lineBody = z.strictObject({
  /** Messages that stand before the query. */
  context: z.array(message).optional(),
  query: z.array(contentBlock),
  /** A key of the batch's `agents`. */
  agent: z.string(),
  /** Settings of the line over its agent's. */
  settings: agentSettings.optional(),
  metadata: z.record(z.string(), z.string()),
});

export interface LineBody {
  context?: Message[] | undefined;
  query: ContentBlock[];
  agent: string;
  settings?: AgentSettings | undefined;
  metadata: Record<string, string>;
}

export const encodeLine = (body: LineBody): string => JSON.stringify(body);
const decodeLine = (text: string): LineBody => lineBody.parse(JSON.parse(text));

/** A line to be kept. One with a `problem` never runs. */
export interface NewLine {
  /** Its number in the upload, from 1. */
  n: number;
  /** Unique in the batch; null for a line from which none could be read. */
  customId: string | null;
  sessionId: string | null;
  /** See `encodeLine`; null with a problem. */
  body: string | null;
  problem: string | null;
}

/** A line that waits to become a job. `run` counts its retries. */
export interface WaitingLine {
  n: number;
  run: number;
  customId: string;
  sessionId: string | null;
  body: string;
}

/** A line as a result shows it. `job` and `reply`, its last, are null while it has none. */
export interface LineResult {
  n: number;
  customId: string | null;
  state: LineState;
  problem: string | null;
  job: Job | null;
  reply: ReplyStep | null;
}

/** The id of the job that a line becomes: the same whoever makes it, so that it is made once. */
export function lineJobId(batchId: string, line: Pick<WaitingLine, 'n' | 'run'>): string {
  const place = `${line.n.toString(36).padStart(6, '0')}${line.run === 0 ? '' : `r${line.run}`}`;
  return idInLane(`job_${batchId.slice(batchId.indexOf('_') + 1)}-${place}`, 'batch');
}

/** The job of a line. */
export function lineJob(
  batch: Pick<Batch, 'id' | 'tenant' | 'agents' | 'expiresAt'>,
  line: WaitingLine,
): NewJob {
  const { context = [], query, agent, settings, metadata } = decodeLine(line.body);
  const spec = batch.agents[agent];
  if (spec === undefined) throw new Error(`batch ${batch.id} has no agent ${agent} for its line ${line.n}`);
  const id = lineJobId(batch.id, line);
  // A repeated accept of the job is one by its id; in a session it needs a key for that.
  const key = line.sessionId === null ? null : id;
  const own = settings === undefined ? spec : composeAgent(spec, spec, settings);
  return {
    ...plainJob,
    id,
    tenant: batch.tenant,
    sessionId: line.sessionId,
    agent: own,
    budget: budgetOf(own, {}),
    expiresAt: batch.expiresAt,
    context,
    query,
    metadata,
    batchId: batch.id,
    idempotencyKey: key,
    requestHash: key,
  };
}
