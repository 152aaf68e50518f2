import { Batches } from './batches.ts';
import { followJob } from './follow-job.ts';
import { type FleetClientOptions, Http, search } from './http.ts';
import { PageRequest } from './page-request.ts';
import type {
  Agent,
  AgentSettings,
  ApiKey,
  ApiKeyWithText,
  Approval,
  ApprovalDecision,
  AuditEntry,
  BudgetRaise,
  ContentBlock,
  Estimate,
  Job,
  JobEvent,
  JobFilter,
  JobWebhookSecrets,
  Message,
  NewApiKey,
  NewJob,
  NewSession,
  NewWebhook,
  Overview,
  Page,
  PageQuery,
  Session,
  SessionChange,
  SessionFork,
  Step,
  TenantLimits,
  Tool,
  ToolResultInfo,
  Webhook,
  WebhookChange,
  WebhookDelivery,
  WebhookWithSecret,
  Worker,
} from './types.ts';

/** Seconds that one request of `jobs.wait` stays open. */
const waitSeconds = 30;

/** A typed client of the fleet's HTTP API, for browsers and Node. Needs nothing but `fetch`. */
export class FleetClient {
  readonly #http: Http;

  readonly batches: Batches;

  constructor(options: FleetClientOptions) {
    this.#http = new Http(options);
    this.batches = new Batches(this.#http);
  }

  get url(): string {
    return this.#http.url;
  }

  /** Rates, latencies, costs and errors of the last `seconds`, 300 unless told. */
  overview(query: { seconds?: number; signal?: AbortSignal } = {}): Promise<Overview> {
    const { signal, ...rest } = query;
    return this.#get(`/v1/overview${search(rest)}`, signal);
  }

  /** The workers of the whole fleet with their tool servers. Needs the scope `operator`. */
  async workers(signal?: AbortSignal): Promise<Worker[]> {
    return (await this.#get<{ data: Worker[] }>('/v1/workers', signal)).data;
  }

  /** The tenant's audit log, newest first, from below the number `before`. Needs the scope `admin`. */
  audit(query: { limit?: number; before?: number } = {}): Promise<{ data: AuditEntry[]; has_more: boolean }> {
    return this.#get(`/v1/audit${search(query)}`);
  }

  readonly jobs = {
    /**
     * Submits a query. It carries an idempotency key, the caller's or one of its own, so that a request whose
     * answer was lost is repeated without a second job.
     */
    create: (job: NewJob, options: { idempotencyKey?: string; signal?: AbortSignal } = {}): Promise<Job> =>
      this.#http.json({
        method: 'POST',
        path: '/v1/jobs',
        body: job,
        headers: { 'idempotency-key': options.idempotencyKey ?? crypto.randomUUID() },
        repeatable: true,
        signal: options.signal,
      }),
    /** What the job may use, without submitting it. */
    estimate: (job: NewJob): Promise<Estimate> => this.#post('/v1/jobs/estimate', job, true),
    /** With `wait`, resolves once the job has ended, or after so many seconds (at most 60) as it then is. */
    get: (id: string, { signal, ...query }: { wait?: number; signal?: AbortSignal } = {}): Promise<Job> =>
      this.#get(`${jobPath(id)}${search(query)}`, signal),
    /** Resolves once the job has ended, however it ended. */
    wait: (id: string, signal?: AbortSignal): Promise<Job> => this.#wait(id, signal),
    list: (query: PageQuery & JobFilter = {}) => this.#list<Job>('/v1/jobs', query),
    steps: async (id: string, signal?: AbortSignal): Promise<Step[]> =>
      (await this.#get<{ data: Step[] }>(`${jobPath(id)}/steps`, signal)).data,
    /** Ends a job, whatever it is doing; one that has ended stays as it ended. */
    cancel: (id: string): Promise<Job> => this.#post(`${jobPath(id)}/cancel`, {}, true),
    /** Raises what the job may use; one that waits for its budget goes on. Null takes a limit away. */
    raiseBudget: (id: string, budget: BudgetRaise): Promise<Job> =>
      this.#post(`${jobPath(id)}/budget`, budget, true),
    cancelMany: (filter: JobFilter): Promise<{ canceled: number }> =>
      this.#post('/v1/jobs/cancel', filter, true),
    /** Makes a new job that repeats an ended one, behind its last recorded step or from its beginning. */
    replay: (id: string, from: 'tail' | 'scratch' = 'tail'): Promise<Job> =>
      this.#post(`${jobPath(id)}/replay`, { from }),
    replayMany: (
      filter: JobFilter,
      from: 'tail' | 'scratch' = 'tail',
    ): Promise<{ replayed: number; jobs: string[] }> => this.#post('/v1/jobs/replay', { ...filter, from }),
    /** What happens to the job, as it happens; ends with the job, and survives broken connections. */
    stream: (id: string, signal?: AbortSignal): AsyncGenerator<JobEvent> => followJob(this.#http, id, signal),
    /** What webhooks were sent about the job, its own and registered ones. */
    deliveries: (id: string, query: PageQuery = {}) =>
      this.#list<WebhookDelivery>(`${jobPath(id)}/deliveries`, query),
    toolResults: async (id: string): Promise<ToolResultInfo[]> =>
      (await this.#get<{ data: ToolResultInfo[] }>(`${jobPath(id)}/tool_results`)).data,
    /** A tool result, whole; the response's `content-type` says what it is. */
    toolResult: (id: string, toolUseId: string): Promise<Response> =>
      this.#http.send({
        method: 'GET',
        path: `${jobPath(id)}/tool_results/${encodeURIComponent(toolUseId)}`,
      }),
  };

  readonly approvals = {
    list: (query: PageQuery & { job_id?: string; pending?: boolean } = {}) =>
      this.#list<Approval>('/v1/approvals', query),
    get: (jobId: string, toolUseId: string): Promise<Approval> => this.#get(approvalPath(jobId, toolUseId)),
    /** The first decision counts; a later one is a conflict. */
    decide: (jobId: string, toolUseId: string, decision: ApprovalDecision): Promise<Approval> =>
      this.#post(approvalPath(jobId, toolUseId), decision),
  };

  readonly sessions = {
    create: (session: NewSession = {}): Promise<Session> => this.#post('/v1/sessions', session),
    get: (id: string): Promise<Session> => this.#get(sessionPath(id)),
    list: (query: PageQuery = {}) => this.#list<Session>('/v1/sessions', query),
    update: (id: string, change: SessionChange): Promise<Session> =>
      this.#http.json({ method: 'PATCH', path: sessionPath(id), body: change, repeatable: true }),
    /** A new session with the messages of this one, up to a job or a message. */
    fork: (id: string, fork: SessionFork = {}): Promise<Session> =>
      this.#post(`${sessionPath(id)}/fork`, fork),
    /** Erases the session with its jobs, messages and tool results. */
    delete: (id: string): Promise<{ id: string; type: 'session_deleted' }> =>
      this.#http.json({ method: 'DELETE', path: sessionPath(id) }),
    messages: async (id: string): Promise<Message[]> =>
      (await this.#get<{ data: Message[] }>(`${sessionPath(id)}/messages`)).data,
    /** The conversation as JSON lines. */
    export: async (id: string): Promise<string> =>
      (await this.#http.send({ method: 'GET', path: `${sessionPath(id)}/export` })).text(),
  };

  readonly tools = {
    list: async (): Promise<Tool[]> => (await this.#get<{ data: Tool[] }>('/v1/tools')).data,
    call: (
      name: string,
      input: Record<string, unknown>,
    ): Promise<{ content: ContentBlock[]; is_error: boolean }> =>
      this.#post('/v1/tools/call', { name, input }),
  };

  readonly agents = {
    /** The newest version, or the one that is named. */
    get: (name: string, query: { version?: number } = {}): Promise<Agent> =>
      this.#get(`${agentPath(name)}${search(query)}`),
    list: (query: PageQuery = {}) => this.#list<Agent>('/v1/agents', query),
    /** Keeps it as its next version. */
    save: (name: string, settings: AgentSettings): Promise<Agent> =>
      this.#http.json({ method: 'PUT', path: agentPath(name), body: settings }),
    delete: (name: string): Promise<{ id: string; type: 'agent_deleted' }> =>
      this.#http.json({ method: 'DELETE', path: agentPath(name) }),
  };

  readonly webhooks = {
    /** The answer has the secret, which is not shown again. */
    create: (webhook: NewWebhook): Promise<WebhookWithSecret> => this.#post('/v1/webhooks', webhook),
    get: (id: string): Promise<Webhook> => this.#get(webhookPath(id)),
    list: (query: PageQuery = {}) => this.#list<Webhook>('/v1/webhooks', query),
    update: (id: string, change: WebhookChange): Promise<Webhook> =>
      this.#http.json({ method: 'PATCH', path: webhookPath(id), body: change, repeatable: true }),
    delete: (id: string): Promise<{ id: string; type: 'webhook_deleted' }> =>
      this.#http.json({ method: 'DELETE', path: webhookPath(id) }),
    /** The secret before it signs as well, until the next rotation. */
    rotateSecret: (id: string): Promise<WebhookWithSecret> => this.#post(`${webhookPath(id)}/rotate_secret`),
    deliveries: (id: string, query: PageQuery = {}) =>
      this.#list<WebhookDelivery>(`${webhookPath(id)}/deliveries`, query),
    /** What signs events to the URLs that jobs are submitted with, the newest first. Needs the scope `admin`. */
    jobSecrets: (): Promise<JobWebhookSecrets> => this.#get('/v1/job_webhook_secrets'),
    rotateJobSecret: (): Promise<JobWebhookSecrets> => this.#post('/v1/job_webhook_secrets/rotate'),
    redeliver: (deliveryId: string): Promise<WebhookDelivery> =>
      this.#post(`/v1/webhook_deliveries/${encodeURIComponent(deliveryId)}/redeliver`, undefined, true),
  };

  readonly keys = {
    /** The answer has the key's text, which is not shown again. */
    create: (key: NewApiKey): Promise<ApiKeyWithText> => this.#post('/v1/keys', key),
    list: (query: PageQuery & { all_tenants?: boolean } = {}) => this.#list<ApiKey>('/v1/keys', query),
    revoke: (id: string): Promise<ApiKey> =>
      this.#post(`/v1/keys/${encodeURIComponent(id)}/revoke`, {}, true),
    /** Makes a key in the place of another, which works on for a while. */
    rotate: (id: string, overlapSeconds = 3_600): Promise<ApiKeyWithText> =>
      this.#post(`/v1/keys/${encodeURIComponent(id)}/rotate`, { overlap_seconds: overlapSeconds }),
  };

  readonly tenants = {
    limits: (tenant: string): Promise<TenantLimits> => this.#get(limitsPath(tenant)),
    setLimits: (tenant: string, limits: TenantLimits): Promise<TenantLimits> =>
      this.#http.json({ method: 'PUT', path: limitsPath(tenant), body: limits, repeatable: true }),
  };

  async #wait(id: string, signal: AbortSignal | undefined): Promise<Job> {
    for (;;) {
      const job = await this.#get<Job>(`${jobPath(id)}?wait=${waitSeconds}`, signal);
      if (job.ended_at !== null) return job;
    }
  }

  #get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.#http.json({ method: 'GET', path, signal });
  }

  #post<T>(path: string, body?: unknown, repeatable = false): Promise<T> {
    return this.#http.json({ method: 'POST', path, body, repeatable });
  }

  #list<T>(path: string, query: PageQuery): PageRequest<T> {
    const read = (after: string | undefined) =>
      this.#get<Page<T>>(`${path}${search({ ...query, after_id: after })}`);
    return new PageRequest(read, query);
  }
}

const jobPath = (id: string) => `/v1/jobs/${encodeURIComponent(id)}`;
const approvalPath = (id: string, toolUseId: string) =>
  `${jobPath(id)}/approvals/${encodeURIComponent(toolUseId)}`;
const sessionPath = (id: string) => `/v1/sessions/${encodeURIComponent(id)}`;
const agentPath = (name: string) => `/v1/agents/${encodeURIComponent(name)}`;
const webhookPath = (id: string) => `/v1/webhooks/${encodeURIComponent(id)}`;
const limitsPath = (tenant: string) => `/v1/tenants/${encodeURIComponent(tenant)}/limits`;
