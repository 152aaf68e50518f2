import type {
  Approval,
  ApprovalFilter,
  Decided,
  NewApproval,
  RequestedApproval,
  Verdict,
} from './approval.ts';
import type { Fence } from './fence.ts';
import type { Page } from './page.ts';

/** The store's verbs about calls that somebody has to approve. */
export interface ApprovalStore {
  /**
   * Asks for the approval of calls, durably, once a position: returns what stands at these positions, in their
   * order. Those whose time is over undecided are expired by this. The job is from then on left alone by
   * workers that know no approvals.
   */
  requestApprovals(
    fence: Fence,
    approvals: readonly NewApproval[],
  ): Promise<RequestedApproval[] | 'superseded'>;
  /** Newest job first; `page.after` is an `approvalId`. */
  approvals(tenant: string, filter: ApprovalFilter, page: Page): Promise<Approval[]>;
  /** The approval of a call; of the newest, should the model have used its id more than once. */
  approval(tenant: string, jobId: string, toolUseId: string): Promise<Approval | null>;
  /**
   * Decides about a call by compare-and-set, durably: the first verdict counts, unless the approval has expired
   * or its job has ended. A job that waits for approvals becomes due; its id is to be promoted in the queue, or
   * put there. Repeating a call whose outcome was lost is safe. Null for a call that needs no approval.
   */
  decide(tenant: string, jobId: string, toolUseId: string, verdict: Verdict): Promise<Decided | null>;
}
