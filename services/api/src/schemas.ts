import { busyPolicies, type ErrorCode, errorCodes, jobStates } from '@mcp-fleet/core';
import { z } from 'zod';

/** Characters that a query may have; more is refused with 413. */
export const longestQuery = 1_000_000;

const metadata = z.record(z.string().max(64), z.string().max(512)).default({});

const query = z.union([
  z.string(),
  z.array(z.looseObject({ type: z.string() })).min(1, 'expected at least one content block'),
]);

/** A point in time, ISO 8601 with its offset, such as `2026-11-24T20:00:00Z`. */
const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

/** The body of `POST /v1/jobs`. */
export const submitJob = z.strictObject({
  query,
  session_id: z.string().max(64).optional(),
  agent: z.string().max(64).default('default'),
  model: z.string().max(200).optional(),
  metadata,
  /** What happens when the session is busy; absent: the session's own policy. */
  on_busy: z.enum(busyPolicies).optional(),
  not_before: time.optional(),
  expires_at: time.optional(),
  deadline: time.optional(),
});
export type SubmitJob = z.infer<typeof submitJob>;

/** The body of `POST /v1/sessions`. */
export const createSession = z.strictObject({
  agent: z.string().max(64).default('default'),
  on_busy: z.enum(busyPolicies).default('enqueue'),
  metadata,
});

/** Seconds that `?wait=` may ask for. */
export const waitQuery = z.object({ wait: z.coerce.number().min(0).max(60).default(0) });

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(20),
  after_id: z.string().max(64).optional(),
});

const jobFilter = {
  state: z.enum(jobStates).optional(),
  session_id: z.string().max(64).optional(),
  /** Type of the error that a job failed with. */
  error: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]).optional(),
};

export const jobsQuery = pageQuery.extend(jobFilter);

/** The body of `POST /v1/jobs/cancel`. */
export const cancelJobs = z.strictObject(jobFilter);

const replayFrom = z.enum(['tail', 'scratch']).default('tail');

/** The body of `POST /v1/jobs/{id}/replay`. */
export const replayJob = z.strictObject({ from: replayFrom });

/** The body of `POST /v1/jobs/replay`. */
export const replayJobs = z.strictObject({ ...jobFilter, from: replayFrom });

/** The body of `POST /v1/tools/call`. */
export const callTool = z.strictObject({
  name: z.string().min(1).max(200),
  input: z.record(z.string(), z.unknown()).default({}),
});
