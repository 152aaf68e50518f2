import type { Position } from './step.ts';

/** The reason of a job that waits for nothing but approvals (`Wait.reason`, `Job.waitReason`). */
export const approvalWait = 'approval';

type Input = Record<string, unknown>;

/** What an approver says about a call. `input` is what the call is sent with: as it was asked for, or edited. */
export type Verdict =
  | { kind: 'approved'; input: Input; by: string }
  | { kind: 'denied'; reason: string; by: string };

/** What became of an approval; it never changes. `expired`: nobody had decided by `expiresAt`. */
export type Decision = (Verdict | { kind: 'expired' }) & { at: Date };

/** A tool call that is sent only once somebody has approved it. It stands at the position of its result. */
export interface Approval extends Position {
  jobId: string;
  tenant: string;
  /** The id of the tool_use block. */
  toolUseId: string;
  tool: string;
  /** The arguments that the model asked for, exactly. */
  input: Input;
  requestedAt: Date;
  expiresAt: Date;
  decision: Decision | null;
}

/** An approval to be asked for. The store's clock measures the time in which it can be decided. */
export type NewApproval = Pick<Approval, 'round' | 'slot' | 'toolUseId' | 'tool' | 'input'> & {
  expiresMs: number;
};

/** An approval as its job finds it. */
export interface RequestedApproval extends Approval {
  /** True when this request is the one that wrote it. */
  created: boolean;
  /** Milliseconds until it expires, by the store's clock. */
  leftMs: number;
}

/** Which approvals a list is about. `pending`: those that can still be decided. */
export interface ApprovalFilter {
  jobId?: string | undefined;
  pending?: boolean | undefined;
  /** Of the job: the one at this position. */
  at?: Position | undefined;
}

/** What a verdict came to: `already` decided or expired as `approval` says, or its job has `ended` without it. */
export interface Decided {
  kind: 'decided' | 'already' | 'ended';
  approval: Approval;
}

/** The id of an approval in a list: `<job>.<round>.<slot>`. */
export function approvalId({ jobId, round, slot }: Pick<Approval, 'jobId' | 'round' | 'slot'>): string {
  return `${jobId}.${round}.${slot}`;
}

/** Reads an approval's id; one that is none is read as a job's, before that job's first approval. */
export function parseApprovalId(id: string): Pick<Approval, 'jobId' | 'round' | 'slot'> {
  const match = /^(.+)\.(\d{1,6})\.(\d{1,6})$/.exec(id);
  if (!match) return { jobId: id, round: 0, slot: 0 };
  return { jobId: match[1] as string, round: Number(match[2]), slot: Number(match[3]) };
}

/** True when two JSON values are the same, whatever the order of their keys. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSameJson(a[key as never], b[key as never]))
  );
}
