/**
 * Every fault the fleet names itself. `retry` is the one answer a caller needs: `again` means that the same
 * call may succeed later without anyone changing anything, `never` means that it will not.
 */
export type Retry = 'again' | 'never';

/** The stable codes. A code, once published, keeps its meaning; its message may be reworded. */
export const errorCodes = {
  invalid_request: { retry: 'never', status: 400 },
  unsupported_media_type: { retry: 'never', status: 415 },
  invalid_config: { retry: 'never', status: 500 },
  unauthenticated: { retry: 'never', status: 401 },
  permission_denied: { retry: 'never', status: 403 },
  quota_exceeded: { retry: 'again', status: 429 },
  query_too_large: { retry: 'never', status: 413 },
  session_not_found: { retry: 'never', status: 404 },
  job_not_found: { retry: 'never', status: 404 },
  not_found: { retry: 'never', status: 404 },
  method_not_allowed: { retry: 'never', status: 405 },
  idempotency_conflict: { retry: 'never', status: 409 },
  session_busy: { retry: 'again', status: 409 },
  agent_is_shared: { retry: 'never', status: 409 },
  approval_settled: { retry: 'never', status: 409 },
  batch_not_ended: { retry: 'never', status: 409 },
  batch_closed: { retry: 'never', status: 409 },
  batch_invalid: { retry: 'never', status: 400 },
  upload_elsewhere: { retry: 'never', status: 409 },
  job_canceled: { retry: 'never', status: 409 },
  job_not_ended: { retry: 'never', status: 409 },
  job_ended: { retry: 'never', status: 409 },
  budget_not_raised: { retry: 'never', status: 409 },
  unknown_server: { retry: 'never', status: 400 },
  unknown_model: { retry: 'never', status: 400 },
  unknown_price: { retry: 'never', status: 400 },
  port_in_use: { retry: 'never', status: 500 },
  folder_in_use: { retry: 'never', status: 500 },
  store_unavailable: { retry: 'again', status: 503 },
  store_failed: { retry: 'again', status: 500 },
  store_not_migrated: { retry: 'never', status: 503 },
  queue_unavailable: { retry: 'again', status: 503 },
  fleet_unreachable: { retry: 'again', status: 503 },
  tool_server_unavailable: { retry: 'again', status: 502 },
  tool_outcome_unknown: { retry: 'never', status: 502 },
  model_authentication: { retry: 'never', status: 401 },
  model_rejected: { retry: 'never', status: 400 },
  model_rate_limited: { retry: 'again', status: 429 },
  model_unavailable: { retry: 'again', status: 502 },
  model_bad_reply: { retry: 'again', status: 502 },
  model_refusal: { retry: 'never', status: 422 },
  model_output_truncated: { retry: 'never', status: 422 },
  model_empty_reply: { retry: 'never', status: 422 },
  context_window_exceeded: { retry: 'never', status: 422 },
  limit_exceeded: { retry: 'never', status: 422 },
  retries_exhausted: { retry: 'never', status: 502 },
  deadline_exceeded: { retry: 'never', status: 408 },
  contents_unreadable: { retry: 'never', status: 500 },
  encryption_key_missing: { retry: 'never', status: 500 },
  audit_broken: { retry: 'never', status: 500 },
  poisoned: { retry: 'never', status: 500 },
  internal: { retry: 'never', status: 500 },
} as const satisfies Record<string, { retry: Retry; status: number }>;

export type ErrorCode = keyof typeof errorCodes;

/** What a caller may add to a fault. `retryAfterMs` is the remote side's own request to wait, uncapped. */
export interface FleetErrorOptions {
  cause?: unknown;
  retryAfterMs?: number | undefined;
  details?: Record<string, unknown> | undefined;
}

/** A typed fault. The message says what happened, where, what was expected and what to do. */
export class FleetError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly details: Record<string, unknown> | undefined;

  constructor(code: ErrorCode, message: string, options: FleetErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FleetError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }

  get retry(): Retry {
    return errorCodes[this.code].retry;
  }

  /** The HTTP status that the api answers with. */
  get status(): number {
    return errorCodes[this.code].status;
  }
}

/** Turns whatever was thrown into a FleetError, once, at a boundary. */
export function toFleetError(thrown: unknown): FleetError {
  if (thrown instanceof FleetError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new FleetError('internal', message, { cause: thrown });
}
