import { FleetApiError, toApiError } from './api-error.ts';

export interface FleetClientOptions {
  /** Where the fleet's API is, for example `http://127.0.0.1:7717`. */
  url: string;
  /** Not needed for a fleet on this machine that asks for none. */
  apiKey?: string | undefined;
  /** How often a request that can be repeated safely is tried again; 2 unless told. */
  maxRetries?: number;
  fetch?: typeof fetch;
}

export interface ApiRequest {
  method: string;
  path: string;
  body?: unknown;
  /** A body that is not JSON. */
  content?: { type: string; bytes: Uint8Array<ArrayBuffer> };
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** True when sending it twice does no more than sending it once. Reads are. */
  repeatable?: boolean;
}

const firstPauseMs = 500;
const longestPauseMs = 30_000;

/** Sends requests to the fleet, and again those that can be repeated. */
export class Http {
  readonly url: string;
  readonly #fetch: typeof fetch;
  readonly #apiKey: string | undefined;
  readonly #maxRetries: number;

  constructor(options: FleetClientOptions) {
    this.url = options.url.replace(/\/+$/, '');
    // A browser's fetch has to be called on its window.
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#apiKey = options.apiKey;
    this.#maxRetries = options.maxRetries ?? 2;
  }

  /** The answer, whole: one that breaks off is asked for again as well. */
  async json<T>(request: ApiRequest): Promise<T> {
    const text = await this.#repeat(request, async () => this.#read(await this.#once(request)));
    return JSON.parse(text) as T;
  }

  /** The answer as soon as it has begun. */
  send(request: ApiRequest): Promise<Response> {
    return this.#repeat(request, () => this.#once(request));
  }

  async #repeat<T>(request: ApiRequest, attempt: () => Promise<T>): Promise<T> {
    const repeatable = request.repeatable ?? request.method === 'GET';
    for (let failures = 0; ; failures += 1) {
      try {
        return await attempt();
      } catch (thrown) {
        request.signal?.throwIfAborted();
        if (!(thrown instanceof FleetApiError && thrown.isTransient && repeatable)) throw thrown;
        if (failures >= this.#maxRetries) throw thrown;
        await pause(
          thrown.retryAfterMs ?? firstPauseMs * 2 ** failures * (0.5 + Math.random()),
          request.signal,
        );
      }
    }
  }

  async #once({ method, path, body, content, headers = {}, signal }: ApiRequest): Promise<Response> {
    const init: RequestInit = {
      method,
      headers: {
        ...headers,
        ...(this.#apiKey === undefined ? {} : { 'x-api-key': this.#apiKey }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(content === undefined ? {} : { 'content-type': content.type }),
      },
    };
    if (signal) init.signal = signal;
    if (body !== undefined) init.body = JSON.stringify(body);
    if (content !== undefined) init.body = content.bytes;
    const response = await this.#fetch(`${this.url}${path}`, init).catch((cause) => {
      if (signal?.aborted) throw cause;
      throw unreachable(
        `No fleet answers at ${this.url}. Start one with \`fleet up\`, or check the URL.`,
        cause,
      );
    });
    if (response.ok) return response;
    throw toApiError(response, await this.#read(response));
  }

  #read(response: Response): Promise<string> {
    return response.text().catch((cause) => {
      throw unreachable(`An answer of the fleet at ${this.url} broke off.`, cause);
    });
  }
}

function unreachable(message: string, cause: unknown): FleetApiError {
  const fault = { type: 'connection_error', code: 'fleet_unreachable', message };
  return new FleetApiError(fault, { status: 0, cause });
}

/** Resolves after a time; throws the signal's reason when it aborts before. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      },
      Math.min(ms, longestPauseMs),
    );
    signal?.addEventListener('abort', stop, { once: true });
  });
}

export function search(query: object): string {
  const set = Object.entries(query).filter((entry) => entry[1] !== undefined);
  return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([key, value]) => [key, String(value)]))}`;
}
