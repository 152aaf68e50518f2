import { FleetError, type Job, type JobError } from '@mcp-fleet/core';

/** A job's error as an answer of the API. That the fleet's own key is refused says nothing of the caller's. */
export function faultOf({ code, message }: JobError): FleetError {
  return new FleetError(code === 'model_authentication' ? 'model_unavailable' : code, message);
}

/** Why a job that has ended has no answer. */
export function faultOfJob(job: Job): FleetError {
  if (job.error !== null) return faultOf(job.error);
  return new FleetError('job_canceled', `The job ${job.id} was ${job.state} before it had an answer.`);
}
