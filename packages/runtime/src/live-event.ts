import type { FleetEvent } from '@mcp-fleet/core';
import { z } from 'zod';

const job = z.object({
  jobId: z.string(),
  tenant: z.string(),
  sessionId: z.string().nullable(),
  epoch: z.number(),
  trace: z.string().nullable().default(null),
});
const round = z.int();
const call = { round, slot: z.int(), tool: z.string() };

const liveEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('model_started'), job, round, model: z.string() }),
  z.object({ type: z.literal('text_delta'), job, round, offset: z.int(), text: z.string() }),
  z.object({ type: z.literal('tool_started'), job, ...call, input: z.record(z.string(), z.unknown()) }),
  z.object({
    type: z.literal('tool_progress'),
    job,
    ...call,
    progress: z.number(),
    total: z.number().optional(),
    message: z.string().optional(),
  }),
  z.object({ type: z.literal('job_parked'), job, waitMs: z.number(), reason: z.string() }),
]);

/** What happens while a job runs and is not recorded: whoever misses it misses nothing that lasts. */
export type LiveEvent = z.infer<typeof liveEvent>;

const types: ReadonlySet<string> = new Set<LiveEvent['type']>([
  'model_started',
  'text_delta',
  'tool_started',
  'tool_progress',
  'job_parked',
]);

/** The event, if it is a live one. */
export function toLiveEvent(event: FleetEvent): LiveEvent | null {
  return types.has(event.type) ? (event as LiveEvent) : null;
}

/** Reads a live event that another process of the fleet has sent; null for one that this version does not know. */
export function decodeLiveEvent(text: string): LiveEvent | null {
  try {
    return liveEvent.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
