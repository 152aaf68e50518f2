import {
  FleetError,
  type Job,
  type JobFilter,
  type JobState,
  type ReplayFrom,
  replayOf,
} from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { FastifyInstance } from 'fastify';
import { acceptJob } from '../accept-job.ts';
import { parse } from '../errors.ts';
import { type ApiParts, localTenant } from '../parts.ts';
import { cancelJobs, replayJob, replayJobs } from '../schemas.ts';
import { stopJob } from '../stop-job.ts';
import { jobView } from '../views.ts';
import { found, toFilter } from './jobs.ts';

type JobParams = { Params: { id: string } };

const unended: JobState[] = ['queued', 'waiting', 'running'];

/** Jobs that are read at a time while many are canceled or replayed. */
const pageSize = 500;

/** Cancellation and replay, of one job or of all that a filter names. */
export function jobActionRoutes(app: FastifyInstance, parts: ApiParts): void {
  app.post<JobParams>('/v1/jobs/:id/cancel', async (request) => {
    const { id } = request.params;
    const ended = await stopJob(parts, localTenant, id);
    if (ended.kind === 'absent') throw new FleetError('job_not_found', `There is no job ${id}.`);
    return jobView(found(await parts.store.job(localTenant, id), id));
  });

  app.post('/v1/jobs/cancel', async (request) => {
    const filter = toFilter(parse(cancelJobs, request.body, 'body'));
    const states = filter.state === undefined ? unended : [filter.state];
    let canceled = 0;
    // Those that wait first, so that ending a turn starts none that is to be canceled as well.
    for (const state of states) {
      for await (const job of walk(parts, { ...filter, state })) {
        if ((await stopJob(parts, localTenant, job.id)).kind === 'ended') canceled += 1;
      }
    }
    return { canceled };
  });

  app.post<JobParams>('/v1/jobs/:id/replay', async (request, reply) => {
    const { from } = parse(replayJob, request.body ?? {}, 'body');
    const job = found(await parts.store.job(localTenant, request.params.id), request.params.id);
    return reply.code(202).send(jobView(await replay(parts, job, from)));
  });

  app.post('/v1/jobs/replay', async (request, reply) => {
    const { from, ...body } = parse(replayJobs, request.body, 'body');
    const filter = { ...toFilter(body), state: body.state ?? 'failed' };
    const jobs: string[] = [];
    for await (const job of walk(parts, filter)) jobs.push((await replay(parts, job, from)).id);
    return reply.code(202).send({ replayed: jobs.length, jobs });
  });
}

async function replay(parts: ApiParts, job: Job, from: ReplayFrom): Promise<Job> {
  return (await acceptJob(parts, await replayOf(parts.store, job, from, newId('job')))).job;
}

/** All jobs that a filter names, newest first. */
async function* walk({ store }: ApiParts, filter: JobFilter): AsyncGenerator<Job> {
  for (let after: string | undefined; ; ) {
    const page: Job[] = await store.jobs(localTenant, filter, { limit: pageSize, after });
    yield* page;
    after = page.at(-1)?.id;
    if (page.length < pageSize) return;
  }
}
