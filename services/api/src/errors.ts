import { FleetError, toFleetError } from '@mcp-fleet/core';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';

/** Parses a part of a request; a misfit is one sentence that names the keys. */
export function parse<T>(schema: z.ZodType<T>, value: unknown, part: 'body' | 'query'): T {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || part}: ${issue.message}`);
  throw new FleetError('invalid_request', `The ${part} is not valid. ${problems.join('; ')}.`);
}

/** Answers with an error body in the form that users of the Anthropic API know. */
export function sendError(
  thrown: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const fault = fromFramework(thrown, request) ?? toFleetError(thrown);
  if (fault.status >= 500) request.log.error({ err: thrown }, 'request failed');
  // What went wrong inside is for the log; the caller gets a sentence and the id to find it by.
  const message =
    fault.code === 'internal' ? 'Something went wrong in the fleet. Its log has the cause.' : fault.message;
  return reply
    .code(fault.status)
    .send({ type: 'error', error: { type: fault.code, message }, request_id: request.id });
}

function fromFramework(thrown: FastifyError | Error, request: FastifyRequest): FleetError | null {
  if (!('statusCode' in thrown) || thrown.statusCode === undefined) return null;
  if (thrown.statusCode === 413) {
    return new FleetError('query_too_large', `${thrown.message}. Send less in one request.`);
  }
  if (thrown.statusCode === 415) {
    const sent = request.headers['content-type'] ?? 'no content type';
    return new FleetError('invalid_request', `The body has ${sent}; expected application/json.`);
  }
  return thrown.statusCode < 500 ? new FleetError('invalid_request', thrown.message) : null;
}
