import { type ErrorCode, FleetError } from '@mcp-fleet/core';

/** The part of both SDKs' errors that says what went wrong. */
export interface ProviderFault {
  provider: string;
  /** HTTP status; undefined when no answer came. */
  status: number | undefined;
  /** The provider's own type, such as `overloaded_error`. */
  type: string | undefined;
  /** The provider's finer code, such as `enforced_spend_limit_reached`. */
  code: string | undefined;
  message: string;
  headers: Headers | undefined;
  cause: unknown;
}

/** Limits of money under 429: waiting does not lift them. */
const spendLimits = /spend_limit_reached|insufficient_quota|billing/;
const tooLong = /prompt is too long|context_length_exceeded|maximum context length|context window/i;
const transientTypes = new Set(['overloaded_error', 'api_error', 'timeout_error']);

/** Sorts a provider's error into the fleet's classes (docs.claude.com/en/api/errors; OpenAI error codes). */
export function classifyError(fault: ProviderFault): FleetError {
  const code = codeOf(fault);
  const what = [fault.status, fault.type ?? fault.code].filter((part) => part !== undefined).join(' ');
  const message = `${fault.provider} answered${what ? ` ${what}` : ''}: ${fault.message}`;
  return new FleetError(code, message, { cause: fault.cause, retryAfterMs: retryAfterMs(fault.headers) });
}

function codeOf({ status, type, code, message }: ProviderFault): ErrorCode {
  if (spendLimits.test(`${code ?? ''} ${type ?? ''}`)) return 'model_rejected';
  if (status === 429 || type === 'rate_limit_error') return 'model_rate_limited';
  if (status === 401 || status === 403) return 'model_authentication';
  if (status !== undefined && status < 500 && tooLong.test(`${code ?? ''} ${message}`)) {
    return 'context_window_exceeded';
  }
  if (type !== undefined && transientTypes.has(type)) return 'model_unavailable';
  if (status === undefined || status === 408 || status === 409 || status >= 500) return 'model_unavailable';
  return 'model_rejected';
}

/** What the server asked to wait: `retry-after-ms`, or `retry-after` in seconds or as a date. */
export function retryAfterMs(headers: Headers | undefined): number | undefined {
  const exact = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (Number.isFinite(exact)) return Math.max(0, exact);
  const after = headers?.get('retry-after');
  if (!after) return undefined;
  const seconds = Number.parseFloat(after);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const until = Date.parse(after) - Date.now();
  return Number.isFinite(until) ? Math.max(0, until) : undefined;
}
