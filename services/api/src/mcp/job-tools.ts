import type { FleetClient } from '@mcp-fleet/client';
import { jobStates } from '@mcp-fleet/core';
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { inputs } from './inputs.ts';
import { answer, attempt } from './results.ts';
import { jobLineView, jobText, jobView, outputs, pageText } from './views.ts';
import { waitForJob } from './wait-for-job.ts';

/** Tools that submit, look at and end jobs. */
export function addJobTools(server: McpServer, client: FleetClient): void {
  addSubmit(server, client);
  addWait(server, client);
  server.registerTool(
    'get_job',
    {
      title: 'Get a job',
      description: 'Returns a job as it is now: its state, and its answer or its error once it has ended.',
      inputSchema: { job_id: inputs.jobId },
      outputSchema: outputs.job,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ job_id }, { signal }) =>
      attempt(async () => {
        const job = await client.jobs.get(job_id, { signal });
        return answer(jobText(job), jobView(job));
      }),
  );
  server.registerTool(
    'cancel_job',
    {
      title: 'Cancel a job',
      description:
        'Ends a job at once, whatever it is doing. A job that has ended already stays as it ended. Its recorded steps are kept, and what its tools have done is not undone.',
      inputSchema: { job_id: inputs.jobId },
      outputSchema: outputs.job,
      annotations: {
        readOnlyHint: false,
        destructiveHint: true,
        idempotentHint: true,
        openWorldHint: false,
      },
    },
    ({ job_id }) =>
      attempt(async () => {
        const job = await client.jobs.cancel(job_id);
        return answer(jobText(job), jobView(job));
      }),
  );
  addList(server, client);
}

function addSubmit(server: McpServer, client: FleetClient): void {
  server.registerTool(
    'submit_job',
    {
      title: 'Submit a job',
      description:
        'Submits a query that one of the fleet’s agents answers with its own tools. Returns at once with the job’s id, or with the ended job if it ends within `wait` seconds. The job is durable: it goes on when this conversation ends. Submitting again makes a second job.',
      inputSchema: {
        query: z.string().min(1).describe('What the agent is to do, with all that it has to know'),
        session_id: inputs.sessionId
          .optional()
          .describe('Session that the query belongs to; absent: a job by itself, without memory'),
        agent: z.string().max(64).optional().describe('Name of a configured agent; absent: the default one'),
        model: z.string().max(200).optional().describe('Model instead of the agent’s own'),
        wait: z.number().min(0).max(60).default(0).describe('Seconds to wait for the end'),
      },
      outputSchema: outputs.job,
      annotations: {
        readOnlyHint: false,
        destructiveHint: true,
        idempotentHint: false,
        openWorldHint: true,
      },
    },
    ({ query, session_id, agent, model, wait }, extra) =>
      attempt(async () => {
        // A fleet that calls this tool sends the key of the call, and repeats it when it repeats the call.
        const key = extra._meta?.['fleet/idempotencyKey'];
        const accepted = await client.jobs.create(
          {
            query,
            ...(session_id === undefined ? {} : { session_id }),
            ...(agent === undefined ? {} : { agent }),
            ...(model === undefined ? {} : { model }),
          },
          typeof key === 'string' ? { idempotencyKey: key } : {},
        );
        const job = wait === 0 ? accepted : await waitForJob(client, accepted.id, wait, extra);
        return answer(jobText(job), jobView(job));
      }),
  );
}

function addWait(server: McpServer, client: FleetClient): void {
  server.registerTool(
    'wait_for_job',
    {
      title: 'Wait for a job',
      description:
        'Waits until a job has ended and returns it with its answer or its error; reports each step of it as progress. A job that has not ended in `wait` seconds is returned as it is: call again to go on waiting. Giving up waiting does not cancel the job.',
      inputSchema: {
        job_id: inputs.jobId,
        wait: z.number().min(0).max(3600).default(45).describe('Seconds to wait at the longest'),
      },
      outputSchema: outputs.job,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ job_id, wait }, extra) =>
      attempt(async () => {
        const job = await waitForJob(client, job_id, wait, extra);
        return answer(jobText(job), jobView(job));
      }),
  );
}

function addList(server: McpServer, client: FleetClient): void {
  server.registerTool(
    'list_jobs',
    {
      title: 'List jobs',
      description: 'Lists jobs, newest first, without their answers; get_job has those.',
      inputSchema: {
        state: z.enum(jobStates).optional().describe('Only jobs in this state'),
        session_id: inputs.sessionId.optional().describe('Only jobs of this session'),
        ...inputs.page,
      },
      outputSchema: outputs.jobs,
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ state, session_id, limit, after_id }) =>
      attempt(async () => {
        const page = await client.jobs.list({
          limit,
          ...(state === undefined ? {} : { state }),
          ...(session_id === undefined ? {} : { session_id }),
          ...(after_id === undefined ? {} : { after_id }),
        });
        const jobs = page.data.map(jobLineView);
        const lines = jobs.map((job) => `${job.id} ${job.state}: ${job.query}`);
        const { has_more, last_id } = page;
        return answer(pageText(lines, 'There are no such jobs.', page), { jobs, has_more, last_id });
      }),
  );
}
