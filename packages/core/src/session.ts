/**
 * What happens to a query whose session is busy with an earlier one.
 *
 * - `enqueue`: it waits for its turn.
 * - `reject`: it is refused with `session_busy`; nothing is stored.
 * - `steer`: it joins the running turn before the turn's next model call, and ends as that turn ends. When the
 *   turn makes no further call, the query is the next turn.
 * - `interrupt`: the turn ahead stops at once. What it had recorded stays in the context, closed so that it
 *   is legal: calls without a result get one that says so. A turn without a recorded step is canceled.
 * - `rollback`: the turn ahead is canceled, and the context is as though it had never been.
 */
export const busyPolicies = ['enqueue', 'reject', 'steer', 'interrupt', 'rollback'] as const;
export type BusyPolicy = (typeof busyPolicies)[number];

/** A lasting conversation: its succeeded jobs in order. */
export interface Session {
  id: string;
  tenant: string;
  agent: string;
  /** Holds for queries that name no policy of their own. */
  onBusy: BusyPolicy;
  metadata: Record<string, string>;
  /** Seconds that the session is kept when nothing happens in it; null: until somebody deletes it. */
  ttlSeconds: number | null;
  /** The job that holds the session now, or null when it is idle. */
  activeJob: string | null;
  /** Turns below this one are no longer part of the context; moves forward in large steps only. */
  contextFrom: number;
  createdAt: Date;
  /** When a job was last accepted or ended, or the session changed. */
  updatedAt: Date;
}

export interface NewSession {
  id: string;
  tenant: string;
  agent: string;
  onBusy: BusyPolicy;
  metadata: Record<string, string>;
  ttlSeconds?: number | null;
}

/** When an idle session is deleted, unless a job is accepted before; null for one that is busy or has no `ttlSeconds`. */
export function sessionExpiry({ activeJob, ttlSeconds, updatedAt }: Session): Date | null {
  if (activeJob !== null || ttlSeconds === null) return null;
  return new Date(updatedAt.getTime() + ttlSeconds * 1_000);
}
