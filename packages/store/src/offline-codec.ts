import { type OfflineAnswer, type OfflineCall, offlineAnswer } from '@mcp-fleet/core';

/** An offline call as both databases have it; `answer` is JSON as text. */
export interface StoredOfflineCall {
  job_id: string;
  tenant: string;
  round: number;
  custom_id: string;
  model: string;
  toolset: string;
  batch_id: string | null;
  answer: string | null;
  asked_at: Date;
}

export const decodeAnswer = (text: string): OfflineAnswer => offlineAnswer.parse(JSON.parse(text));

export function toOfflineCall(stored: StoredOfflineCall): OfflineCall {
  return {
    jobId: stored.job_id,
    tenant: stored.tenant,
    round: stored.round,
    customId: stored.custom_id,
    model: stored.model,
    toolset: stored.toolset,
    batchId: stored.batch_id,
    answer: stored.answer === null ? null : decodeAnswer(stored.answer),
    askedAt: stored.asked_at,
  };
}
