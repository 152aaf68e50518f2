import { setTimeout as sleep } from 'node:timers/promises';
import { FleetError } from '@mcp-fleet/core';
import { z } from 'zod';
import { EventStream, reconnectMs } from '../event-stream.ts';
import { JobFeed } from '../job-feed.ts';
import type { Api, ApiParts } from '../parts.ts';
import { idParams, refusals } from '../schemas/common.ts';
import { StreamCursor } from '../stream-cursor.ts';
import { found } from './jobs.ts';

/** Milliseconds that clients get to read what is left when the process stops. */
const farewellMs = 2_000;

/**
 * `GET /v1/jobs/{id}/events`: the job's steps as server-sent events, then the job as it ended. A step's id says how
 * far the stream has come, so `last-event-id` goes on behind it, at any api, at any time. Text, tool
 * starts and tool progress are best effort: they come from the worker that runs the job, if it can be reached.
 */
export function jobEventRoutes(app: Api, parts: ApiParts): void {
  const feed = new JobFeed(parts);
  const streams = new Map<string, Set<EventStream>>();
  app.addHook('preClose', async () => {
    const open = [...streams.values()].flatMap((ofOwner) => [...ofOwner]);
    for (const stream of open) stream.sendAway();
    const late = new AbortController();
    await Promise.race([
      Promise.all(open.map((stream) => stream.closed())),
      sleep(farewellMs, undefined, { signal: late.signal }).catch(() => undefined),
    ]);
    late.abort();
  });

  app.get(
    '/v1/jobs/:id/events',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        summary: 'Follow a job as server-sent events',
        description:
          '`step` (with an id; send it as `last-event-id` to go on behind it), `model_started`, `text_delta` (with the `offset` of its text in the reply: a gap means that some was missed, and the step has all), `tool_started`, `tool_progress`, `waiting`, and `ended` with the job as the last. Only steps and the end are certain to come; a client ignores events that it does not know.',
        params: idParams,
        response: { 200: { content: { 'text/event-stream': { schema: z.string() } } }, ...refusals },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { tenant, keyId } = request.caller;
      found(await parts.store.job(tenant, id), id);
      // Of a client that went meanwhile nothing would say that its stream is over.
      if (reply.raw.destroyed) return reply.hijack();
      const ofOwner = admit(streams, keyId ?? tenant, parts.streamsPerKey);
      const cursor = StreamCursor.parse(request.headers['last-event-id']);
      reply.hijack();
      const { raw } = reply;
      const stream = new EventStream(raw, { 'request-id': request.id });
      ofOwner.add(stream);
      const stop = feed.follow({ tenant, jobId: id }, cursor, stream);
      raw.once('close', () => {
        stop();
        ofOwner.delete(stream);
        if (ofOwner.size === 0) streams.delete(keyId ?? tenant);
      });
    },
  );
}

/** The open streams of a caller, one more of which may be opened. */
function admit(streams: Map<string, Set<EventStream>>, owner: string, most: number): Set<EventStream> {
  const open = streams.get(owner) ?? new Set();
  if (open.size >= most) {
    const message = `${open.size} event streams of this key are open at this api; at most ${most} may be. Close some.`;
    throw new FleetError('quota_exceeded', message, { retryAfterMs: reconnectMs });
  }
  streams.set(owner, open);
  return open;
}
