import { FleetError, isTerminal, type Job } from '@mcp-fleet/core';
import { wake } from '../enqueue.ts';
import { refuseLower, toBudget } from '../job-budget.ts';
import type { Api, ApiParts } from '../parts.ts';
import { raiseBudget } from '../schemas/budgets.ts';
import { idParams, refusals } from '../schemas/common.ts';
import { job as jobSchema } from '../schemas/jobs.ts';
import { jobView } from '../views.ts';
import { found } from './jobs.ts';

/** What a job may cost. */
export function jobBudgetRoutes(app: Api, parts: ApiParts): void {
  const { store, logger } = parts;
  app.post(
    '/v1/jobs/:id/budget',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        summary: 'Raise what a job may use; one that waits for its budget goes on',
        params: idParams,
        body: raiseBudget,
        response: { 200: jobSchema, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { tenant, keyId } = request.caller;
      const raise = toBudget(request.body);
      const job = found(await store.job(tenant, id), id);
      refuseEnded(job);
      refuseLower(job, raise);
      const raised = await store.raiseBudget(tenant, id, raise);
      if (!raised) throw hasEnded(id);
      logger.info({ jobId: id, tenant, ...raised.budget, by: keyId }, 'budget raised');
      await wake(parts, id);
      return jobView(raised);
    },
  );
}

function refuseEnded({ id, state }: Job): void {
  if (isTerminal(state)) throw hasEnded(id);
}

const hasEnded = (id: string) =>
  new FleetError('job_ended', `Job ${id} has ended. Replay it to go on behind its last step.`);
