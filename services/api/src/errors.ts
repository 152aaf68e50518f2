import { FleetError, toFleetError } from '@mcp-fleet/core';
import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';

const parts: Record<string, string> = { querystring: 'query', params: 'path', headers: 'headers' };

/** Parses a part of a request with its zod schema; a misfit is one sentence that names the keys. */
export const validateWithZod: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  const part = parts[httpPart ?? ''] ?? 'body';
  return (value: unknown) => {
    if (part === 'body' && value == null) return { error: missingBody() };
    const parsed = schema.safeParse(value ?? {});
    if (parsed.success) return { value: parsed.data };
    const problems = plainProblems(parsed.error, part);
    return { error: new FleetError('invalid_request', `The ${part} is not valid. ${problems}.`) };
  };
};

/** What is wrong, key by key. */
export function plainProblems({ issues }: z.ZodError, whole: string): string {
  return issues
    .flatMap(plainIssues)
    .map((issue) => `${issue.path.join('.') || whole}: ${issue.message}`)
    .join('; ');
}

/** Of a union's branches, what is wrong with the one that the value was meant for: it is of that type at least. */
function plainIssues(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.find(
    (branch) =>
      branch.length > 0 && !branch.some((own) => own.path.length === 0 && own.code === 'invalid_type'),
  );
  if (!meant) return [issue];
  return meant.flatMap((own) => plainIssues({ ...own, path: [...issue.path, ...own.path] }));
}

const missingBody = () =>
  new FleetError('invalid_request', 'The body is missing; expected application/json, {} at least.');

/** The kinds of errors that users of the Anthropic API know, by status. */
const kinds: Record<number, string> = {
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  408: 'timeout_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
};

/** The kind of an error of that HTTP status. */
export const errorKind = (status: number): string =>
  kinds[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');

/** Answers with an error body in the form that users of the Anthropic API know. */
export function sendError(
  thrown: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const fault = fromFramework(thrown, request) ?? toFleetError(thrown);
  if (fault.status >= 500) request.log.error({ err: thrown }, 'request failed');
  if (fault.retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(fault.retryAfterMs / 1_000));
  if (fault.code === 'method_not_allowed') reply.header('allow', String(fault.details?.allow));
  // What went wrong inside is for the log; the caller gets a sentence and the id to find it by.
  const message =
    fault.code === 'internal' ? 'Something went wrong in the fleet. Its log has the cause.' : fault.message;
  return reply.code(fault.status).send({
    type: 'error',
    error: { type: errorKind(fault.status), code: fault.code, message },
    request_id: request.id,
  });
}

function fromFramework(thrown: FastifyError | Error, request: FastifyRequest): FleetError | null {
  if (thrown instanceof FleetError) return thrown;
  if (!('statusCode' in thrown) || thrown.statusCode === undefined) return null;
  if (thrown.statusCode === 413) {
    return new FleetError('query_too_large', `${thrown.message}. Send less in one request.`);
  }
  if (thrown.statusCode === 415) {
    const sent = request.headers['content-type'] ?? 'no content type';
    return new FleetError('unsupported_media_type', `The body has ${sent}; expected application/json.`);
  }
  return thrown.statusCode < 500 ? new FleetError('invalid_request', thrown.message) : null;
}
