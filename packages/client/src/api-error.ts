/** An error that the fleet answered with, or `fleet_unreachable` when nothing answered. */
export class FleetApiError extends Error {
  /** The kind of error, such as `not_found_error`; `connection_error` when nothing answered. */
  readonly type: string;
  /** What exactly happened, such as `job_not_found`. */
  readonly code: string;
  /** HTTP status; 0 when nothing answered. */
  readonly status: number;
  readonly requestId: string | null;
  /** Milliseconds after which the fleet asked to try again. */
  readonly retryAfterMs: number | null;

  constructor(
    fault: { type: string; code: string; message: string },
    at: { status: number; requestId?: string | null; retryAfterMs?: number | null; cause?: unknown },
  ) {
    super(fault.message, at.cause === undefined ? undefined : { cause: at.cause });
    this.name = 'FleetApiError';
    this.type = fault.type;
    this.code = fault.code;
    this.status = at.status;
    this.requestId = at.requestId ?? null;
    this.retryAfterMs = at.retryAfterMs ?? null;
  }

  /** True when the same request may succeed later without anyone changing anything. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The error that an answer with this body is. */
export function toApiError(response: Response, text: string): FleetApiError {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const at = {
    status: response.status,
    requestId: response.headers.get('request-id'),
    retryAfterMs: Number.isNaN(seconds) ? null : seconds * 1_000,
  };
  try {
    const { error } = JSON.parse(text) as { error: { type: string; code: string; message: string } };
    return new FleetApiError(error, at);
  } catch {
    const message = `HTTP ${response.status}: ${text.slice(0, 200)}`;
    return new FleetApiError({ type: 'api_error', code: 'internal', message }, at);
  }
}
