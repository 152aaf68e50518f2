import { readEvents } from './read-events.ts';
import type {
  BusyPolicy,
  ContentBlock,
  Job,
  JobEvent,
  JobFilter,
  NewJob,
  Page,
  Session,
  SessionMessage,
  Step,
  Tool,
} from './types.ts';

/** An error that the fleet answered with, or `fleet_unreachable` when nothing answered. */
export class FleetApiError extends Error {
  readonly type: string;
  /** HTTP status; 0 when nothing answered. */
  readonly status: number;
  readonly requestId: string | null;

  constructor(type: string, message: string, status: number, requestId: string | null, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'FleetApiError';
    this.type = type;
    this.status = status;
    this.requestId = requestId;
  }
}

export interface FleetClientOptions {
  /** Where the fleet's API is, for example `http://127.0.0.1:7717`. */
  url: string;
  fetch?: typeof fetch;
}

/** Seconds that one request of `jobs.wait` stays open. */
const waitSeconds = 30;

/** A typed client of the fleet's HTTP API. Needs nothing but `fetch`. */
export class FleetClient {
  readonly url: string;
  readonly #fetch: typeof fetch;

  constructor(options: FleetClientOptions) {
    this.url = options.url.replace(/\/+$/, '');
    this.#fetch = options.fetch ?? fetch;
  }

  readonly jobs = {
    /** Submits a query. With an idempotency key, the call can be repeated without a second job. */
    create: (job: NewJob, options: { idempotencyKey?: string } = {}): Promise<Job> =>
      this.#json(
        'POST',
        '/v1/jobs',
        job,
        options.idempotencyKey ? { 'idempotency-key': options.idempotencyKey } : {},
      ),
    /** With `wait`, resolves once the job has ended, or after so many seconds (at most 60) as it then is. */
    get: (id: string, { signal, ...query }: { wait?: number; signal?: AbortSignal } = {}): Promise<Job> =>
      this.#json('GET', `/v1/jobs/${encodeURIComponent(id)}${search(query)}`, undefined, {}, signal),
    /** Resolves once the job has ended, however it ended. */
    wait: (id: string, signal?: AbortSignal): Promise<Job> => this.#wait(id, signal),
    list: (query: { limit?: number; after_id?: string } & JobFilter = {}) =>
      this.#json<Page<Job>>('GET', `/v1/jobs${search(query)}`),
    steps: async (id: string, signal?: AbortSignal): Promise<Step[]> => {
      const path = `/v1/jobs/${encodeURIComponent(id)}/steps`;
      return (await this.#json<{ data: Step[] }>('GET', path, undefined, {}, signal)).data;
    },
    /** Ends a job, whatever it is doing; one that has ended stays as it ended. */
    cancel: (id: string): Promise<Job> => this.#json('POST', `/v1/jobs/${encodeURIComponent(id)}/cancel`, {}),
    cancelMany: (filter: JobFilter): Promise<{ canceled: number }> =>
      this.#json('POST', '/v1/jobs/cancel', filter),
    /** Makes a new job that repeats an ended one, behind its last recorded step or from its beginning. */
    replay: (id: string, from: 'tail' | 'scratch' = 'tail'): Promise<Job> =>
      this.#json('POST', `/v1/jobs/${encodeURIComponent(id)}/replay`, { from }),
    replayMany: (
      filter: JobFilter,
      from: 'tail' | 'scratch' = 'tail',
    ): Promise<{ replayed: number; jobs: string[] }> =>
      this.#json('POST', '/v1/jobs/replay', { ...filter, from }),
    /** What happens to the job, as it happens; ends with the job. */
    stream: (id: string, signal?: AbortSignal): AsyncGenerator<JobEvent> => this.#stream(id, signal),
  };

  readonly sessions = {
    create: (
      session: { agent?: string; on_busy?: BusyPolicy; metadata?: Record<string, string> } = {},
    ): Promise<Session> => this.#json('POST', '/v1/sessions', session),
    get: (id: string): Promise<Session> => this.#json('GET', `/v1/sessions/${encodeURIComponent(id)}`),
    list: (query: { limit?: number; after_id?: string } = {}) =>
      this.#json<Page<Session>>('GET', `/v1/sessions${search(query)}`),
    messages: async (id: string): Promise<SessionMessage[]> =>
      (await this.#json<{ data: SessionMessage[] }>('GET', `/v1/sessions/${encodeURIComponent(id)}/messages`))
        .data,
  };

  readonly tools = {
    list: async (): Promise<Tool[]> => (await this.#json<{ data: Tool[] }>('GET', '/v1/tools')).data,
    call: (
      name: string,
      input: Record<string, unknown>,
    ): Promise<{ content: ContentBlock[]; is_error: boolean }> =>
      this.#json('POST', '/v1/tools/call', { name, input }),
  };

  async #wait(id: string, signal: AbortSignal | undefined): Promise<Job> {
    for (;;) {
      const job = await this.jobs.get(id, { wait: waitSeconds, ...(signal ? { signal } : {}) });
      if (job.ended_at !== null) return job;
    }
  }

  async *#stream(id: string, signal: AbortSignal | undefined): AsyncGenerator<JobEvent> {
    const response = await this.#send(
      'GET',
      `/v1/jobs/${encodeURIComponent(id)}/events`,
      undefined,
      { accept: 'text/event-stream' },
      signal,
    );
    if (response.body === null) return;
    for await (const { event, data } of readEvents(response.body)) {
      yield { event, data: JSON.parse(data) } as JobEvent;
    }
  }

  async #json<T>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<T> {
    return (await (await this.#send(method, path, body, headers, signal)).json()) as T;
  }

  async #send(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const init: RequestInit = { method, headers };
    if (signal) init.signal = signal;
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { ...headers, 'content-type': 'application/json' };
    }
    let response: Response;
    try {
      response = await this.#fetch(`${this.url}${path}`, init);
    } catch (thrown) {
      if (signal?.aborted) throw thrown;
      const message = `No fleet answers at ${this.url}. Start one with \`fleet up\`, or check the URL.`;
      throw new FleetApiError('fleet_unreachable', message, 0, null, thrown);
    }
    if (response.ok) return response;
    throw await toApiError(response);
  }
}

async function toApiError(response: Response): Promise<FleetApiError> {
  const text = await response.text();
  const requestId = response.headers.get('request-id');
  try {
    const { error } = JSON.parse(text) as { error: { type: string; message: string } };
    return new FleetApiError(error.type, error.message, response.status, requestId);
  } catch {
    return new FleetApiError(
      'internal',
      `HTTP ${response.status}: ${text.slice(0, 200)}`,
      response.status,
      requestId,
    );
  }
}

function search(query: object): string {
  const set = Object.entries(query).filter((entry) => entry[1] !== undefined);
  return set.length === 0 ? '' : `?${new URLSearchParams(set.map(([key, value]) => [key, String(value)]))}`;
}
