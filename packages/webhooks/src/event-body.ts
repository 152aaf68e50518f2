import type { Delivery, Job } from '@mcp-fleet/core';

/**
 * The body of an event, in the form that Standard Webhooks proposes. It says what happened to which job; query and
 * answer are to be fetched by those who may. The same for every attempt, since an ended job does not change.
 */
export function eventBody(delivery: Delivery, job: Job): string {
  const ended = delivery.event.startsWith('job.') ? job.endedAt : null;
  return JSON.stringify({
    type: delivery.event,
    timestamp: (ended ?? delivery.createdAt).toISOString(),
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
