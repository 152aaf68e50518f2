import type { Approval, Batch, Job } from '@mcp-fleet/core';

/**
 * The body of a job's end, in the form that Standard Webhooks proposes. It says what happened to which job; query
 * and answer are to be fetched by those who may. The same for every attempt, since an ended job does not change.
 */
export function endBody(job: Job): string {
  return JSON.stringify({
    type: `job.${job.state}`,
    timestamp: job.endedAt?.toISOString(),
    data: {
      id: job.id,
      state: job.state,
      session_id: job.sessionId,
      metadata: job.metadata,
      ended_at: job.endedAt?.toISOString() ?? null,
      error: job.error === null ? null : { type: job.error.code },
    },
  });
}

/**
 * The body of an approval that was asked for: the call to decide about, without its arguments. What the job comes
 * to meanwhile is not in it, so that every attempt sends the same.
 */
export function approvalBody(job: Job, approval: Approval): string {
  const { toolUseId, tool, requestedAt, expiresAt } = approval;
  return JSON.stringify({
    type: 'approval.requested',
    timestamp: requestedAt.toISOString(),
    data: {
      id: job.id,
      session_id: job.sessionId,
      metadata: job.metadata,
      approval: { tool_use_id: toolUseId, tool, expires_at: expiresAt.toISOString() },
    },
  });
}

/** The body of a batch's end: how many lines came to what. The results are to be fetched by those who may. */
export function batchBody(batch: Batch): string {
  return JSON.stringify({
    type: 'batch.ended',
    timestamp: batch.endedAt?.toISOString(),
    data: {
      id: batch.id,
      metadata: batch.metadata,
      counts: batch.counts,
      ended_at: batch.endedAt?.toISOString() ?? null,
    },
  });
}
