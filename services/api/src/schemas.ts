import { jobStates } from '@mcp-fleet/core';
import { z } from 'zod';

/** Characters that a query may have; more is refused with 413. */
export const longestQuery = 1_000_000;

const metadata = z.record(z.string().max(64), z.string().max(512)).default({});

const query = z.union([
  z.string(),
  z.array(z.looseObject({ type: z.string() })).min(1, 'expected at least one content block'),
]);

/** The body of `POST /v1/jobs`. */
export const submitJob = z.strictObject({
  query,
  session_id: z.string().max(64).optional(),
  agent: z.string().max(64).default('default'),
  model: z.string().max(200).optional(),
  metadata,
});
export type SubmitJob = z.infer<typeof submitJob>;

/** The body of `POST /v1/sessions`. */
export const createSession = z.strictObject({ agent: z.string().max(64).default('default'), metadata });

/** Seconds that `?wait=` may ask for. */
export const waitQuery = z.object({ wait: z.coerce.number().min(0).max(60).default(0) });

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(20),
  after_id: z.string().max(64).optional(),
});

export const jobsQuery = pageQuery.extend({
  state: z.enum(jobStates).optional(),
  session_id: z.string().max(64).optional(),
});

/** The body of `POST /v1/tools/call`. */
export const callTool = z.strictObject({
  name: z.string().min(1).max(200),
  input: z.record(z.string(), z.unknown()).default({}),
});
