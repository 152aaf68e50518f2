/** Anthropic's error type for each status it answers with. */
const types: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  500: 'api_error',
  503: 'api_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

export interface ApiFaultOptions {
  type?: string | undefined;
  /** Anthropic's `details.error_code`, OpenAI's `code`. */
  code?: string | undefined;
  /** OpenAI's `param`. */
  param?: string | undefined;
  headers?: Record<string, string>;
}

/** A refusal with the status, type and text that the real API would answer with. */
export class ApiFault extends Error {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly param: string | null;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, options: ApiFaultOptions = {}) {
    super(message);
    this.name = 'ApiFault';
    this.status = status;
    this.type = options.type ?? types[status] ?? 'api_error';
    this.code = options.code ?? null;
    this.param = options.param ?? null;
    this.headers = options.headers ?? {};
  }
}

/** A 400 about one field of the request. */
export function invalid(message: string): ApiFault {
  return new ApiFault(400, message);
}
