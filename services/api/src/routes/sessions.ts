import { FleetError, type Session, turnMessages } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { FastifyInstance } from 'fastify';
import { parse } from '../errors.ts';
import { type ApiParts, localTenant } from '../parts.ts';
import { createSession, pageQuery } from '../schemas.ts';
import { messageView, pageView, sessionView } from '../views.ts';

type SessionParams = { Params: { id: string } };

export function sessionRoutes(app: FastifyInstance, { store, agents }: ApiParts): void {
  app.post('/v1/sessions', async (request, reply) => {
    const body = parse(createSession, request.body, 'body');
    if (!agents.has(body.agent)) {
      throw new FleetError('invalid_request', `There is no agent named ${JSON.stringify(body.agent)}.`);
    }
    const session = await store.createSession({
      id: newId('sess'),
      tenant: localTenant,
      agent: body.agent,
      onBusy: body.on_busy,
      metadata: body.metadata,
    });
    return reply.code(201).send(sessionView(session));
  });

  app.get('/v1/sessions', async (request) => {
    const { limit, after_id } = parse(pageQuery, request.query, 'query');
    const sessions = await store.sessions(localTenant, { limit: limit + 1, after: after_id });
    return pageView(sessions.map(sessionView), limit);
  });

  app.get<SessionParams>('/v1/sessions/:id', async (request) => {
    return sessionView(found(await store.session(localTenant, request.params.id), request.params.id));
  });

  app.get<SessionParams>('/v1/sessions/:id/messages', async (request) => {
    const session = found(await store.session(localTenant, request.params.id), request.params.id);
    const turns = await store.turns(localTenant, session.id);
    const data = turns.flatMap((turn) =>
      turnMessages(turn.query, turn.steps).map((message) => messageView(message, turn.jobId)),
    );
    return { data };
  });
}

function found(session: Session | null, id: string): Session {
  if (session) return session;
  throw new FleetError('session_not_found', `There is no session ${id}.`);
}
