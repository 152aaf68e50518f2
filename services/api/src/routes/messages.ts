import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { composeAgent, estimateTokens, type NewJob, plainJob } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { FastifyReply } from 'fastify';
import { newBudget } from '../job-budget.ts';
import { allowedTools } from '../messages/allowed-tools.ts';
import { AwaitedMessage } from '../messages/awaited-message.ts';
import { drainBeforeErrors } from '../messages/drain-before-errors.ts';
import { fleetModel } from '../messages/fleet-model.ts';
import { agentOfMessages, readMessages, readParams, systemText } from '../messages/read-params.ts';
import type { Api, ApiParts } from '../parts.ts';
import { refusals } from '../schemas/common.ts';
import { submitHeaders } from '../schemas/jobs.ts';
import {
  type MessageParams,
  message,
  messageParams,
  type TokenParams,
  tokenCount,
  tokenParams,
} from '../schemas/messages.ts';

const tags = ['messages'];

/** Bytes that a request may have: it is a document of the store, with room for what is added to it. */
const bodyLimit = 8 * 1024 * 1024;

/** Anthropic's Messages API. A message is the answer of a job, which goes through the queue as every other. */
export function messageRoutes(app: Api, parts: ApiParts): void {
  drainBeforeErrors(app);

  app.post(
    '/v1/messages',
    {
      config: { scope: 'jobs:write' },
      bodyLimit,
      schema: {
        tags,
        summary: "Create a message, as in Anthropic's API: the answer of a job that is waited for",
        description:
          'With `stream`, the events of that API. A caller that goes away ends the job, unless it sent an `idempotency-key` to come back with.',
        headers: submitHeaders,
        body: messageParams,
        response: { 200: message, ...refusals },
      },
    },
    async (request, reply) => {
      const { body } = request;
      const key = request.headers['idempotency-key'] || null;
      const job = newJob(parts, body, { tenant: request.caller.tenant, key, trace: request.trace });
      await parts.limits.allowJob(job.tenant, job.agent.model);
      const awaited = await AwaitedMessage.accept(parts, job, goneSignal(reply));
      // A job that has failed was tried often enough: Anthropic's clients are told not to repeat it.
      reply.header('fleet-job-id', awaited.job.id).header('x-should-retry', 'false');
      if (body.stream !== true) return awaited.whole();
      reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-store');
      const events = Readable.from(awaited.stream(request.id), { objectMode: false });
      return reply.send(events as never);
    },
  );

  app.post(
    '/v1/messages/count_tokens',
    {
      config: { scope: 'jobs:read' },
      bodyLimit,
      schema: {
        tags,
        summary: 'Estimate the tokens of a message by its length; tools are not in it',
        body: tokenParams,
        response: { 200: tokenCount, ...refusals },
      },
    },
    async ({ body }) => {
      fleetModel(body.model, agentOfMessages(parts.agents).model);
      allowedTools(body, parts.messages.servers);
      return { input_tokens: estimatePrompt(body) };
    },
  );
}

function newJob(
  parts: ApiParts,
  body: MessageParams,
  { tenant, key, trace }: { tenant: string; key: string | null; trace: string | null },
): NewJob {
  const base = agentOfMessages(parts.agents);
  const { settings, ...asked } = readParams(body, base, parts.messages.servers);
  // Somebody waits for the answer, so that no call is left to a provider's batch.
  const agent = composeAgent(base, base, settings, { execution: 'live' });
  return {
    ...plainJob,
    ...asked,
    id: newId('job'),
    tenant,
    sessionId: null,
    agent,
    budget: newBudget(parts, agent, {}),
    idempotencyKey: key,
    requestHash: createHash('sha256').update(JSON.stringify(body)).digest('hex'),
    trace,
  };
}

/** Aborts when the caller has gone before it had its answer. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.on('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return gone.signal;
}

function estimatePrompt({ messages, system }: TokenParams): number {
  const { context, query } = readMessages(messages);
  const conversation = [...context, { role: 'user' as const, content: query }];
  if (system === undefined) return estimateTokens(conversation);
  const instructions = { role: 'user' as const, content: [{ type: 'text', text: systemText(system) }] };
  return estimateTokens([instructions, ...conversation]);
}
