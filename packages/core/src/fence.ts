/** A job at an epoch, and the session whose turn it is. */
export interface HeldJob {
  jobId: string;
  tenant: string;
  sessionId: string | null;
  epoch: number;
}

/** A worker's right to write to a job: it holds until a newer epoch exists or the job has ended. */
export interface Fence extends HeldJob {
  /**
   * Random, made by the take. Claims are held under it rather than under the epoch: a database that crashes
   * and loses a take gives its epoch out again.
   */
  owner: string;
}
