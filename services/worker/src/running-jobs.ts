import type { FleetEvent, HeldJob, RunRequests } from '@mcp-fleet/core';

interface RunningJob {
  requests: RunRequests;
  /** Known from the take on. */
  held: HeldJob | null;
}

/** The jobs that this worker runs now, and what others ask of them. */
export class RunningJobs {
  readonly #jobs = new Map<string, RunningJob>();

  begin(jobId: string): RunRequests {
    const requests = { join: false, interrupt: false };
    this.#jobs.set(jobId, { requests, held: null });
    return requests;
  }

  end(jobId: string): void {
    this.#jobs.delete(jobId);
  }

  /** Listens to the core's events, which say under which epoch a job was taken. */
  readonly listen = (event: FleetEvent): void => {
    if (event.type !== 'job_taken') return;
    const { jobId, tenant, sessionId, epoch } = event.job;
    const job = this.#jobs.get(jobId);
    if (job) job.held = { jobId, tenant, sessionId, epoch };
  };

  get held(): HeldJob[] {
    return [...this.#jobs.values()].flatMap((job) => job.held ?? []);
  }

  /** Of these jobs, those that run here; what is asked is noted for each. */
  ask(jobIds: readonly string[], request: keyof RunRequests | null): string[] {
    const here = jobIds.filter((jobId) => this.#jobs.has(jobId));
    for (const jobId of here) {
      const job = this.#jobs.get(jobId);
      if (job && request) job.requests[request] = true;
    }
    return here;
  }
}
