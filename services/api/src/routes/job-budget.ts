import { budgetOf, estimateCost, FleetError, isTerminal, type Job, toUsd } from '@mcp-fleet/core';
import { refuseLower, toBudget } from '../job-budget.ts';
import { offeredTools } from '../offered-tools.ts';
import type { Api, ApiParts } from '../parts.ts';
import { estimate as estimateSchema, raiseBudget } from '../schemas/budgets.ts';
import { idParams, refusals } from '../schemas/common.ts';
import { job as jobSchema, submitJob } from '../schemas/jobs.ts';
import { jobView } from '../views.ts';
import { wake } from '../wake.ts';
import { found, resolveAgent, toBlocks } from './jobs.ts';

/** What a job may cost, before it is submitted and while it runs. */
export function jobBudgetRoutes(app: Api, parts: ApiParts): void {
  const { store, logger } = parts;
  app.post(
    '/v1/jobs/estimate',
    {
      config: { scope: 'jobs:write' },
      schema: {
        tags: ['jobs'],
        summary: 'Tell what a job may use, without submitting it',
        description:
          'The least is one call with a short answer. The most is all rounds of the agent, each with all of its output and the longest tool results, up to the model’s window and the budget.',
        body: submitJob,
        response: { 200: estimateSchema, ...refusals },
      },
    },
    async (request) => {
      const { body } = request;
      const agent = await resolveAgent(parts, request.caller.tenant, body);
      const tools = await offeredTools(parts, agent.tools);
      const { tokens, cost } = estimateCost(parts.prices, {
        agent,
        query: toBlocks(body.query),
        budget: budgetOf(agent, toBudget(body)),
        inSession: body.session_id !== undefined,
        ...(tools === null ? {} : { tools }),
      });
      const cost_usd = cost && { min: toUsd(cost.min), max: toUsd(cost.max) };
      return { type: 'estimate' as const, model: agent.model, tokens, cost_usd };
    },
  );

  app.post(
    '/v1/jobs/:id/budget',
    {
      config: {
        scope: 'jobs:write',
        audit: { action: 'job.raise_budget', shows: ['max_cost_usd', 'max_tokens'] },
      },
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
