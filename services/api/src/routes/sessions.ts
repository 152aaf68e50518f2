import { FleetError, type Session, turnMessages } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { z } from 'zod';
import { findAgent } from '../find-agent.ts';
import { forkSession } from '../fork-session.ts';
import { readPage } from '../pages.ts';
import type { Api, ApiParts } from '../parts.ts';
import { idParams, listOf, pageOf, pageQuery, refusals } from '../schemas/common.ts';
import {
  createSession,
  deletedSession,
  forkSession as forkBody,
  message,
  session as sessionSchema,
  updateSession,
} from '../schemas/sessions.ts';
import { messageView, sessionView } from '../views.ts';

const tags = ['sessions'];
const read = { scope: 'sessions:read' } as const;
const write = { scope: 'sessions:write' } as const;

export function sessionRoutes(app: Api, parts: ApiParts): void {
  const { store } = parts;
  app.post(
    '/v1/sessions',
    {
      config: write,
      schema: {
        tags,
        summary: 'Begin a conversation',
        body: createSession,
        response: { 201: sessionSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { agent, on_busy, metadata, ttl_seconds } = request.body;
      const { tenant } = request.caller;
      await findAgent(parts, tenant, agent);
      const session = {
        id: newId('sess'),
        tenant,
        agent,
        onBusy: on_busy,
        metadata,
        ttlSeconds: ttl_seconds,
      };
      return reply.code(201).send(sessionView(await store.createSession(session)));
    },
  );

  app.get(
    '/v1/sessions',
    {
      config: read,
      schema: {
        tags,
        summary: 'List sessions, newest first',
        querystring: pageQuery,
        response: { 200: pageOf(sessionSchema), ...refusals },
      },
    },
    async (request) => {
      const { tenant } = request.caller;
      return readPage(request.query, (page) => store.sessions(tenant, page), sessionView);
    },
  );

  app.get(
    '/v1/sessions/:id',
    {
      config: read,
      schema: {
        tags,
        summary: 'Read a session',
        params: idParams,
        response: { 200: sessionSchema, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      return sessionView(found(await store.session(request.caller.tenant, id), id));
    },
  );

  app.patch(
    '/v1/sessions/:id',
    {
      config: write,
      schema: {
        tags,
        summary: 'Change a session; what is left out stays',
        params: idParams,
        body: updateSession,
        response: { 200: sessionSchema, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { on_busy, metadata, ttl_seconds } = request.body;
      const change = {
        ...(on_busy === undefined ? {} : { onBusy: on_busy }),
        ...(metadata === undefined ? {} : { metadata }),
        ...(ttl_seconds === undefined ? {} : { ttlSeconds: ttl_seconds }),
      };
      return sessionView(found(await store.updateSession(request.caller.tenant, id, change), id));
    },
  );

  app.post(
    '/v1/sessions/:id/fork',
    {
      config: write,
      schema: {
        tags,
        summary: 'Begin another conversation with the messages of this one, up to a job or a message',
        params: idParams,
        body: forkBody,
        response: { 201: sessionSchema, ...refusals },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { until_job, until_message, metadata } = request.body;
      const source = found(await store.session(request.caller.tenant, id), id);
      const fork = await forkSession(parts, source, {
        untilJob: until_job,
        untilMessage: until_message,
        metadata,
      });
      return reply.code(201).send(sessionView(fork));
    },
  );

  app.delete(
    '/v1/sessions/:id',
    {
      config: { ...write, audit: { action: 'session.delete' } },
      schema: {
        tags,
        summary: 'Erase a session: its jobs, messages, tool results and kept files',
        params: idParams,
        response: { 200: deletedSession, ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      const outcome = await store.deleteSession(request.caller.tenant, id);
      if (outcome === 'absent') throw notFound(id);
      if (outcome === 'busy') {
        throw new FleetError('session_busy', `A job of session ${id} has not ended. Cancel it, or wait.`);
      }
      return { id, type: 'session_deleted' as const };
    },
  );

  async function messages(tenant: string, id: string) {
    found(await store.session(tenant, id), id);
    const turns = await store.turns(tenant, id);
    return turns.flatMap((turn) =>
      turnMessages(turn.query, turn.steps).map((each, n) => messageView(each, turn.jobId, n)),
    );
  }

  app.get(
    '/v1/sessions/:id/messages',
    {
      config: read,
      schema: {
        tags,
        summary: 'The conversation so far',
        params: idParams,
        response: { 200: listOf(message), ...refusals },
      },
    },
    async (request) => ({ data: await messages(request.caller.tenant, request.params.id) }),
  );

  app.get(
    '/v1/sessions/:id/export',
    {
      config: read,
      schema: {
        tags,
        summary: 'The conversation as JSON lines, a message each',
        params: idParams,
        response: {
          200: { content: { 'application/jsonl': { schema: z.string() } } },
          ...refusals,
        },
      },
    },
    async (request, reply) => {
      const lines = (await messages(request.caller.tenant, request.params.id)).map(
        (each) => `${JSON.stringify(each)}\n`,
      );
      return reply.type('application/jsonl').serializer(String).send(lines.join(''));
    },
  );
}

function found(session: Session | null, id: string): Session {
  if (session) return session;
  throw notFound(id);
}

const notFound = (id: string) => new FleetError('session_not_found', `There is no session ${id}.`);
