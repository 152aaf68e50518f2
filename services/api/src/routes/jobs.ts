import { createHash } from 'node:crypto';
import {
  type AgentSpec,
  type BusyPolicy,
  type ContentBlock,
  FleetError,
  type Job,
  type JobFilter,
  textOf,
} from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { FastifyInstance } from 'fastify';
import { acceptJob } from '../accept-job.ts';
import { awaitJob } from '../await-job.ts';
import { parse } from '../errors.ts';
import { type ApiParts, localTenant } from '../parts.ts';
import { jobsQuery, longestQuery, type SubmitJob, submitJob, waitQuery } from '../schemas.ts';
import { jobView, pageView, stepView } from '../views.ts';

type JobParams = { Params: { id: string } };

export function jobRoutes(app: FastifyInstance, parts: ApiParts): void {
  app.post('/v1/jobs', async (request, reply) => {
    const body = parse(submitJob, request.body, 'body');
    const key = request.headers['idempotency-key'];
    const onBusy = body.on_busy ?? (await policyOf(parts, body.session_id));
    const accepted = await acceptJob(parts, {
      id: newId('job'),
      tenant: localTenant,
      sessionId: body.session_id ?? null,
      agent: resolveAgent(parts, body),
      query: toBlocks(body.query),
      metadata: body.metadata,
      idempotencyKey: typeof key === 'string' && key !== '' ? key : null,
      requestHash: createHash('sha256').update(JSON.stringify(body)).digest('hex'),
      onBusy,
      notBefore: body.not_before ?? null,
      expiresAt: body.expires_at ?? null,
      deadline: body.deadline ?? null,
      replay: null,
    });
    return reply.code(accepted.created ? 202 : 200).send(jobView(accepted.job));
  });

  app.get<JobParams>('/v1/jobs/:id', async (request) => {
    const { wait } = parse(waitQuery, request.query, 'query');
    const gone = new AbortController();
    request.raw.on('close', () => gone.abort());
    const job = await awaitJob(parts, localTenant, request.params.id, wait * 1000, gone.signal);
    return jobView(found(job, request.params.id));
  });

  app.get('/v1/jobs', async (request) => {
    const { limit, after_id, ...filter } = parse(jobsQuery, request.query, 'query');
    const jobs = await parts.store.jobs(localTenant, toFilter(filter), { limit: limit + 1, after: after_id });
    return pageView(jobs.map(jobView), limit);
  });

  app.get<JobParams>('/v1/jobs/:id/steps', async (request) => {
    const job = found(await parts.store.job(localTenant, request.params.id), request.params.id);
    const steps = await parts.store.steps(job.id);
    return { data: steps.map(stepView) };
  });
}

/** The job, or `job_not_found`. */
export function found(job: Job | null, id: string): Job {
  if (job) return job;
  throw new FleetError('job_not_found', `There is no job ${id}.`);
}

function resolveAgent(parts: ApiParts, body: SubmitJob): AgentSpec {
  const agent = parts.agents.get(body.agent);
  if (agent) return body.model === undefined ? agent : { ...agent, model: body.model };
  const names = [...parts.agents.keys()].join(', ');
  throw new FleetError(
    'invalid_request',
    `There is no agent named ${JSON.stringify(body.agent)}. Known: ${names}.`,
  );
}

function toBlocks(query: SubmitJob['query']): ContentBlock[] {
  const blocks: ContentBlock[] = typeof query === 'string' ? [{ type: 'text', text: query }] : query;
  const onlyText = blocks.every((block) => block.type === 'text');
  if (onlyText && textOf(blocks).trim() === '') {
    throw new FleetError('invalid_request', 'The query is empty. Say what the agent is to do.');
  }
  const size = JSON.stringify(blocks).length;
  if (size <= longestQuery) return blocks;
  throw new FleetError(
    'query_too_large',
    `The query has ${size} characters; at most ${longestQuery} are taken. Shorten it, or let a tool read the data.`,
  );
}

/** A session decides for queries that name no policy; one that is unknown is refused when the job is accepted. */
async function policyOf({ store }: ApiParts, sessionId: string | undefined): Promise<BusyPolicy> {
  if (sessionId === undefined) return 'enqueue';
  return (await store.session(localTenant, sessionId))?.onBusy ?? 'enqueue';
}

/** The store's filter for what a request names. */
export function toFilter(filter: {
  state?: JobFilter['state'];
  session_id?: string | undefined;
  error?: JobFilter['errorCode'];
}): JobFilter {
  return { state: filter.state, sessionId: filter.session_id, errorCode: filter.error };
}
