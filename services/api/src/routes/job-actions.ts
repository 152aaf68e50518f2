import {
  FleetError,
  idInLane,
  type Job,
  type JobFilter,
  type JobState,
  laneOf,
  type ReplayFrom,
  replayOf,
} from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { z } from 'zod';
import { acceptJob } from '../accept-job.ts';
import type { Api, ApiParts } from '../parts.ts';
import { idParams, refusals } from '../schemas/common.ts';
import { cancelJobs, job as jobSchema, replayJob, replayJobs } from '../schemas/jobs.ts';
import { stopJob } from '../stop-job.ts';
import { jobView } from '../views.ts';
import { found, toFilter } from './jobs.ts';

const unended: JobState[] = ['queued', 'waiting', 'running'];

/** Jobs that are read at a time while many are canceled or replayed. */
const pageSize = 500;

const config = { scope: 'jobs:write' } as const;
const tags = ['jobs'];

/** Cancellation and replay, of one job or of all that a filter names. */
export function jobActionRoutes(app: Api, parts: ApiParts): void {
  app.post(
    '/v1/jobs/:id/cancel',
    {
      config,
      schema: {
        tags,
        summary: 'End a job, whatever it is doing',
        params: idParams,
        response: { 200: jobSchema, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { tenant } = request.caller;
      const ended = await stopJob(parts, tenant, id);
      if (ended.kind === 'absent') throw new FleetError('job_not_found', `There is no job ${id}.`);
      return jobView(found(await parts.store.job(tenant, id), id));
    },
  );

  app.post(
    '/v1/jobs/cancel',
    {
      config,
      schema: {
        tags,
        summary: 'End all jobs that a filter names',
        body: cancelJobs,
        response: { 200: z.object({ canceled: z.int() }), ...refusals },
      },
    },
    async (request) => {
      const { tenant } = request.caller;
      const filter = toFilter(request.body);
      const states = filter.state === undefined ? unended : [filter.state];
      let canceled = 0;
      // Those that wait first, so that ending a turn starts none that is to be canceled as well.
      for (const state of states) {
        for await (const job of walk(parts, tenant, { ...filter, state })) {
          if ((await stopJob(parts, tenant, job.id)).kind === 'ended') canceled += 1;
        }
      }
      return { canceled };
    },
  );

  app.post(
    '/v1/jobs/:id/replay',
    {
      config,
      schema: {
        tags,
        summary: 'Repeat an ended job as a new one',
        params: idParams,
        body: replayJob,
        response: { 202: jobSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const job = found(await parts.store.job(request.caller.tenant, id), id);
      return reply.code(202).send(jobView(await replay(parts, job, request.body.from)));
    },
  );

  app.post(
    '/v1/jobs/replay',
    {
      config,
      schema: {
        tags,
        summary: 'Repeat all ended jobs that a filter names; without a state, those that failed',
        body: replayJobs,
        response: { 202: z.object({ replayed: z.int(), jobs: z.array(z.string()) }), ...refusals },
      },
    },
    async (request, reply) => {
      const { from, ...body } = request.body;
      const filter = { ...toFilter(body), state: body.state ?? 'failed' };
      const jobs: string[] = [];
      for await (const job of walk(parts, request.caller.tenant, filter)) {
        jobs.push((await replay(parts, job, from)).id);
      }
      return reply.code(202).send({ replayed: jobs.length, jobs });
    },
  );
}

async function replay(parts: ApiParts, job: Job, from: ReplayFrom): Promise<Job> {
  await parts.limits.allowJob(job.tenant, job.agent.model);
  const id = idInLane(newId('job'), laneOf(job.id));
  return (await acceptJob(parts, await replayOf(parts.store, job, from, id))).job;
}

/** All jobs that a filter names, newest first. */
async function* walk({ store }: ApiParts, tenant: string, filter: JobFilter): AsyncGenerator<Job> {
  for (let after: string | undefined; ; ) {
    const page: Job[] = await store.jobs(tenant, filter, { limit: pageSize, after });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < pageSize) return;
  }
}
