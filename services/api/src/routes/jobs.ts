import { createHash } from 'node:crypto';
import {
  type AgentSpec,
  type BusyPolicy,
  type ContentBlock,
  composeAgent,
  FleetError,
  idInLane,
  type Job,
  type JobFilter,
} from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { acceptJob } from '../accept-job.ts';
import { awaitJob } from '../await-job.ts';
import { findAgent } from '../find-agent.ts';
import { newBudget } from '../job-budget.ts';
import { JobWebhooks } from '../job-webhooks.ts';
import { readPage } from '../pages.ts';
import type { Api, ApiParts } from '../parts.ts';
import { idParams, listOf, pageOf, refusals } from '../schemas/common.ts';
import {
  job as jobSchema,
  jobsQuery,
  longestQuery,
  type SubmitJob,
  step,
  submitHeaders,
  submitJob,
  waitQuery,
} from '../schemas/jobs.ts';
import { jobView, stepView } from '../views.ts';

const tags = ['jobs'];

export function jobRoutes(app: Api, parts: ApiParts): void {
  const webhooks = new JobWebhooks(parts);
  app.post(
    '/v1/jobs',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags,
        summary: 'Submit a query; it is durable when the answer comes',
        headers: submitHeaders,
        body: submitJob,
        response: { 200: jobSchema, 202: jobSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const { tenant } = request.caller;
      const query = toBlocks(body.query);
      const agent = await resolveAgent(parts, tenant, body);
      await parts.limits.allowJob(tenant, agent.model);
      const accepted = await acceptJob(parts, {
        id: idInLane(newId('job'), body.priority ?? 'interactive'),
        tenant,
        sessionId: body.session_id ?? null,
        agent,
        context: [],
        query,
        metadata: body.metadata,
        batchId: null,
        idempotencyKey: request.headers['idempotency-key'] || null,
        requestHash: createHash('sha256').update(JSON.stringify(body)).digest('hex'),
        onBusy: body.on_busy ?? (await policyOf(parts, tenant, body.session_id)),
        notBefore: body.not_before ?? null,
        expiresAt: body.expires_at ?? null,
        deadline: body.deadline ?? null,
        webhook: body.webhook ? await webhooks.admit(tenant, body.webhook) : null,
        budget: newBudget(parts, agent, body),
        trace: request.trace,
        replay: null,
      });
      return reply.code(accepted.created ? 202 : 200).send(jobView(accepted.job));
    },
  );

  app.get(
    '/v1/jobs/:id',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags,
        summary: 'Read a job, or wait for its end',
        params: idParams,
        querystring: waitQuery,
        response: { 200: jobSchema, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const gone = new AbortController();
      request.raw.on('close', () => gone.abort());
      const { wait } = request.query;
      return jobView(found(await awaitJob(parts, request.caller.tenant, id, wait * 1000, gone.signal), id));
    },
  );

  app.get(
    '/v1/jobs',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags,
        summary: 'List jobs, newest first',
        querystring: jobsQuery,
        response: { 200: pageOf(jobSchema), ...refusals },
      },
    },
    async (request) => {
      const { tenant } = request.caller;
      const filter = toFilter(request.query);
      return readPage(request.query, (page) => parts.store.jobs(tenant, filter, page), jobView);
    },
  );

  app.get(
    '/v1/jobs/:id/steps',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags,
        summary: 'What a job did: model replies and tool results, in order',
        params: idParams,
        response: { 200: listOf(step), ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      found(await parts.store.job(request.caller.tenant, id), id);
      return { data: (await parts.store.steps(id)).map(stepView) };
    },
  );
}

/** The job, or `job_not_found`. */
export function found(job: Job | null, id: string): Job {
  if (job) return job;
  throw new FleetError('job_not_found', `There is no job ${id}.`);
}

/** The agent that a submission names, with the model that it names instead. */
export async function resolveAgent(
  parts: ApiParts,
  tenant: string,
  { agent, model, overrides }: SubmitJob,
): Promise<AgentSpec> {
  const spec = await findAgent(parts, tenant, agent);
  if (model === undefined && overrides === undefined) return spec;
  return composeAgent(spec, spec, overrides ?? {}, model === undefined ? {} : { model });
}

/** A query as blocks. Throws `query_too_large`. */
export function toBlocks(query: SubmitJob['query']): ContentBlock[] {
  const blocks: ContentBlock[] = typeof query === 'string' ? [{ type: 'text', text: query }] : query;
  const size = JSON.stringify(blocks).length;
  if (size <= longestQuery) return blocks;
  throw new FleetError(
    'query_too_large',
    `The query has ${size} characters; at most ${longestQuery} are taken. Shorten it, or let a tool read the data.`,
  );
}

/** A session decides for queries that name no policy; one that is unknown is refused when the job is accepted. */
async function policyOf(
  { store }: ApiParts,
  tenant: string,
  sessionId: string | undefined,
): Promise<BusyPolicy> {
  if (sessionId === undefined) return 'enqueue';
  return (await store.session(tenant, sessionId))?.onBusy ?? 'enqueue';
}

/** The store's filter for what a request names. */
export function toFilter(filter: {
  state?: JobFilter['state'];
  session_id?: string | undefined;
  error?: JobFilter['errorCode'];
}): JobFilter {
  return { state: filter.state, sessionId: filter.session_id, errorCode: filter.error };
}
