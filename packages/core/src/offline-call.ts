import { z } from 'zod';
import { type ErrorCode, errorCodes } from './errors.ts';
import { contentBlock } from './message.ts';
import type { ModelReply } from './ports.ts';
import { usage } from './step.ts';

/** The reason of a job that waits for the result of an upstream batch (`Wait.reason`, `Job.waitReason`). */
export const upstreamWait = 'upstream_batch';

/** What came back for a call: the model's whole reply, or why there is none. */
export type OfflineAnswer =
  | { kind: 'reply'; reply: ModelReply }
  | { kind: 'fault'; code: ErrorCode; message: string };

export const offlineAnswer: z.ZodType<OfflineAnswer> = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('reply'),
    reply: z.object({
      content: z.array(contentBlock),
      stopReason: z.string(),
      stopSequence: z.string().optional(),
      model: z.string(),
      requestId: z.string().optional(),
      usage,
    }),
  }),
  z.object({
    kind: z.literal('fault'),
    code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]).catch('internal'),
    message: z.string(),
  }),
]);

/**
 * A model call that a job left to an upstream batch; a job has at most one. What is to be asked is not in it: it
 * follows from the record, which does not change while the job waits.
 */
export interface OfflineCall {
  jobId: string;
  tenant: string;
  round: number;
  /** `<job>-<round>-<epoch>`: never the same for two calls. */
  customId: string;
  model: string;
  /** Hash of the tool list that the model is offered. */
  toolset: string;
  /** The upstream batch that has it; null while it waits for one. */
  batchId: string | null;
  answer: OfflineAnswer | null;
  askedAt: Date;
}

export type NewOfflineCall = Pick<OfflineCall, 'round' | 'model' | 'toolset'>;

export function customIdOf(jobId: string, round: number, epoch: number): string {
  return `${jobId}-${round}-${epoch}`;
}
