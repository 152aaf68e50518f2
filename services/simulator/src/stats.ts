/** What one job, named by the `x-fleet-job` header, asked for and got. */
export interface JobStats {
  requests: number;
  /** Request ids of the whole replies that were sent, in order. */
  replies: string[];
}

/** A snapshot of the counters, as `GET /__sim/stats` answers it. */
export interface SimulatorStats {
  requests: number;
  by_status: Record<string, number>;
  /** The jobs seen last, at most 100,000 of them. */
  by_job: Record<string, JobStats>;
  /** Requests being answered now, and the most that there were at once. */
  concurrent: number;
  concurrent_max: number;
  /** Requests that a script holds or lets hang now. */
  held: number;
  /** Requests that never got a whole answer: hung, cut, or left by the client. */
  unanswered: number;
}

const jobsKept = 100_000;

/** Counts requests. Cheap enough for the hot path, and bounded. */
export class Stats {
  private requests = 0;
  private concurrent = 0;
  private concurrentMax = 0;
  private unanswered = 0;
  private byStatus: Record<string, number> = {};
  private readonly byJob = new Map<string, JobStats>();

  begin(job: string | undefined): void {
    this.requests += 1;
    this.concurrent += 1;
    if (this.concurrent > this.concurrentMax) this.concurrentMax = this.concurrent;
    if (job !== undefined) this.job(job).requests += 1;
  }

  /** Counts a request's end; a status of null means that no whole answer was sent. */
  end(job: string | undefined, requestId: string, status: number | null): void {
    this.concurrent -= 1;
    if (status === null) {
      this.unanswered += 1;
      return;
    }
    this.byStatus[status] = (this.byStatus[status] ?? 0) + 1;
    if (job !== undefined && status === 200) this.job(job).replies.push(requestId);
  }

  snapshot(held: number): SimulatorStats {
    return {
      requests: this.requests,
      by_status: { ...this.byStatus },
      by_job: Object.fromEntries(
        [...this.byJob].map(([id, { requests, replies }]) => [id, { requests, replies: [...replies] }]),
      ),
      concurrent: this.concurrent,
      concurrent_max: this.concurrentMax,
      held,
      unanswered: this.unanswered,
    };
  }

  /** Forgets everything but the requests in flight. */
  reset(): void {
    this.requests = 0;
    this.unanswered = 0;
    this.concurrentMax = this.concurrent;
    this.byStatus = {};
    this.byJob.clear();
  }

  private job(id: string): JobStats {
    let stats = this.byJob.get(id);
    if (stats === undefined) {
      stats = { requests: 0, replies: [] };
      this.byJob.set(id, stats);
      if (this.byJob.size > jobsKept) this.byJob.delete(this.byJob.keys().next().value as string);
    }
    return stats;
  }
}
