import type { Claim } from './context-store.ts';
import type { Job, Turn } from './job.ts';
import { type ToolUseBlock, toolUses } from './message.ts';
import { comparePositions, type Position, type ReplyStep, type ResultStep, type Step } from './step.ts';

/** A tool call and the position at which its result is to be recorded. */
export interface PendingCall extends Position {
  use: ToolUseBlock;
}

/** What has to happen next with a job, as its record says. */
export type Next =
  | { kind: 'call_model'; round: number }
  | { kind: 'call_tools'; calls: PendingCall[] }
  | { kind: 'finish'; reply: ReplyStep };

/** A job's record while a worker goes on with it: what was read at the take, and what it added since. */
export class JobRecord {
  readonly job: Job;
  readonly turns: readonly Turn[];
  readonly claims: readonly Claim[];
  readonly #steps: Step[];
  #grew = false;

  constructor(job: Job, turns: readonly Turn[], steps: readonly Step[], claims: readonly Claim[]) {
    this.job = job;
    this.turns = turns;
    this.claims = claims;
    this.#steps = [...steps].sort(comparePositions);
  }

  get steps(): readonly Step[] {
    return this.#steps;
  }

  /** True once a step was added since the take, so that earlier failures no longer count. */
  get grew(): boolean {
    return this.#grew;
  }

  add(step: Step): void {
    this.#grew = true;
    this.#steps.push(step);
    this.#steps.sort(comparePositions);
  }

  get firstReply(): ReplyStep | undefined {
    return this.#steps.find((step): step is ReplyStep => step.kind === 'reply');
  }

  get lastReply(): ReplyStep | undefined {
    return this.#steps.findLast((step): step is ReplyStep => step.kind === 'reply');
  }

  /** True when an earlier epoch claimed this call, so that nobody knows whether it ran. */
  isClaimed(at: Position): boolean {
    return this.claims.some((claim) => comparePositions(claim, at) === 0);
  }

  /** Reads off the record what has to happen next. */
  next(): Next {
    const reply = this.lastReply;
    if (reply === undefined) return { kind: 'call_model', round: 0 };
    const calls = this.#missingCalls(reply);
    if (calls.length > 0) return { kind: 'call_tools', calls };
    if (isFinal(reply)) return { kind: 'finish', reply };
    return { kind: 'call_model', round: reply.round + 1 };
  }

  /** The calls of the last reply that have no result yet. */
  get openCalls(): PendingCall[] {
    const reply = this.lastReply;
    return reply === undefined ? [] : this.#missingCalls(reply);
  }

  /** The job that a reply was recorded by, which its calls' idempotency keys are derived from. */
  recorderOf(round: number): string {
    const reply = this.#steps.find((step) => step.kind === 'reply' && step.round === round);
    return (reply?.kind === 'reply' ? reply.recordedBy : undefined) ?? this.job.id;
  }

  /** Rounds in a row, the newest backwards, in which every tool call failed. */
  get failingRounds(): number {
    let count = 0;
    for (let round = this.lastReply?.round ?? -1; round >= 0; round -= 1) {
      const results = this.#steps.filter((step) => step.kind === 'result' && step.round === round);
      if (results.length === 0 || results.some((step) => step.kind === 'result' && step.outcome === 'ok'))
        break;
      count += 1;
    }
    return count;
  }

  #missingCalls(reply: ReplyStep): PendingCall[] {
    const done = new Set(
      this.#steps
        .filter((step): step is ResultStep => step.kind === 'result' && step.round === reply.round)
        .map((step) => step.slot),
    );
    return toolUses(reply.content)
      .map((use, index) => ({ round: reply.round, slot: index + 1, use }))
      .filter((call) => !done.has(call.slot));
  }
}

/**
 * A reply ends the turn unless it asks for tools, or the provider paused it (`pause_turn`) and expects it
 * back as it is.
 */
export function isFinal(reply: Pick<ReplyStep, 'content' | 'stopReason'>): boolean {
  return toolUses(reply.content).length === 0 && reply.stopReason !== 'pause_turn';
}
