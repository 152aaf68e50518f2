import type { JobError, TerminalState } from './job.ts';

/** What running a job came to. `next` is the id of the session's next job, to be put into the queue. */
export type Outcome =
  | { kind: 'completed'; next: string | null }
  | { kind: 'failed'; error: JobError; next: string | null }
  /** Ended before its first step: expired, or interrupted. */
  | { kind: 'dropped'; state: TerminalState; next: string | null }
  /** Somebody else has ended the job already; there was nothing to do. */
  | { kind: 'ended'; state: TerminalState; next: string | null }
  /** Handed back: to be delivered again at once, to any worker. */
  | { kind: 'retry'; reason: string }
  /** Stored by a newer version: to be delivered again, until a worker that understands it has it. */
  | { kind: 'not_understood'; reason: string }
  /** Parked: to be delivered again after this time; null: not before something makes it due. */
  | { kind: 'parked'; waitMs: number | null; reason: string }
  /** Another worker holds a newer epoch, or nothing is left to hold. */
  | { kind: 'superseded' };
