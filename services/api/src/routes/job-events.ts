import { setTimeout as sleep } from 'node:timers/promises';
import {
  comparePositions,
  FleetError,
  type FleetEvent,
  isTerminal,
  type Position,
  type Step,
} from '@mcp-fleet/core';
import { z } from 'zod';
import type { Api, ApiParts } from '../parts.ts';
import { idParams, refusals } from '../schemas/common.ts';
import { jobView, stepView } from '../views.ts';
import { found } from './jobs.ts';

/** How soon the store is looked at again for steps of which no worker has told, growing from the first to the second. */
const firstLookMs = 50;
const lastLookMs = 10_000;

interface StreamEvent {
  event: string;
  data: unknown;
  id?: string;
  /** The position that it belongs to; what belongs to none comes last. */
  at: Position | null;
}

/** Streams that one caller may have open at one api. */
const mostStreams = 200;

/** How often a silent stream sends a comment, so that proxies and clients know that it lives. */
const heartbeatMs = 15_000;

/** What a client that was cut off waits before it comes back, in milliseconds. */
const reconnectMs = 1_000;

/** Bytes that a client may be behind before it is cut off; it can come back and go on where it was. */
const mostBehind = 4 * 1024 * 1024;

/**
 * `GET /v1/jobs/{id}/events`: the job's steps as server-sent events, then the job as it ended. A step's id is
 * its position, so `last-event-id` goes on behind it, at any api, at any time. Text and tool starts come only
 * while the job runs in this process.
 */
export function jobEventRoutes(app: Api, parts: ApiParts): void {
  const streams = new Map<string, number>();
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());

  app.get(
    '/v1/jobs/:id/events',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags: ['jobs'],
        summary: 'Follow a job as server-sent events',
        description:
          '`step` (with an id; send it as `last-event-id` to go on behind it), `text_delta`, `model_started`, `tool_started`, `waiting`, and `ended` with the job as the last.',
        params: idParams,
        response: { 200: { content: { 'text/event-stream': { schema: z.string() } } }, ...refusals },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const { tenant, keyId } = request.caller;
      const job = found(await parts.store.job(tenant, id), id);
      const owner = keyId ?? tenant;
      const open = streams.get(owner) ?? 0;
      if (open >= mostStreams) {
        const message = `${open} event streams of this key are open; at most ${mostStreams} may be. Close some.`;
        throw new FleetError('quota_exceeded', message, { retryAfterMs: reconnectMs });
      }
      streams.set(owner, open + 1);
      const gone = new AbortController();
      request.raw.on('close', () => gone.abort());
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
        'request-id': request.id,
      });
      raw.write(`retry: ${reconnectMs}\n\n`);
      const heartbeat = setInterval(() => raw.write(': still here\n\n'), heartbeatMs);
      try {
        const after = parsePosition(request.headers['last-event-id']);
        const over = AbortSignal.any([gone.signal, closing.signal]);
        for await (const event of follow(parts, tenant, job.id, after, over)) {
          const eventId = event.id === undefined ? '' : `id: ${event.id}\n`;
          raw.write(`${eventId}event: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`);
          if (raw.writableLength > mostBehind) break;
        }
      } catch (thrown) {
        // The answer has begun; what is left is to cut it off, so that the client comes back.
        request.log.warn({ err: thrown, jobId: job.id }, 'an event stream was cut off');
      } finally {
        clearInterval(heartbeat);
        streams.set(owner, (streams.get(owner) ?? 1) - 1);
        if (streams.get(owner) === 0) streams.delete(owner);
        raw.end();
      }
    },
  );
}

async function* follow(
  { store, events, watch }: ApiParts,
  tenant: string,
  jobId: string,
  after: Position | null,
  gone: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const live: StreamEvent[] = [];
  let wake = new AbortController();
  const stop = events.listen(jobId, (event) => {
    const shown = liveEvent(event);
    if (shown) live.push(shown);
    wake.abort();
  });
  const stopFollowing = watch.follow(jobId, () => wake.abort());
  const sent = new Set<string>();
  const isNew = (step: Step) => !(after && comparePositions(step, after) <= 0) && !sent.has(positionId(step));
  try {
    for (let look = firstLookMs; !gone.aborted; look = Math.min(look * 2, lastLookMs)) {
      wake = new AbortController();
      const job = found(await store.job(tenant, jobId), jobId);
      const happened = live.splice(0);
      const steps = (await store.steps(jobId)).filter(isNew);
      for (const step of steps) sent.add(positionId(step));
      yield* inOrder([...happened, ...steps.map(stepEvent)]);
      if (isTerminal(job.state)) {
        yield { event: 'ended', data: jobView(job), at: null };
        return;
      }
      await sleep(look, undefined, { signal: AbortSignal.any([wake.signal, gone]) }).catch(() => undefined);
    }
  } finally {
    stop();
    stopFollowing();
  }
}

function liveEvent(event: FleetEvent): StreamEvent | null {
  switch (event.type) {
    case 'text_delta': {
      const { round, text } = event;
      return { event: 'text_delta', data: { round, text }, at: { round, slot: 0 } };
    }
    case 'model_started': {
      const { round, model } = event;
      return { event: 'model_started', data: { round, model }, at: { round, slot: 0 } };
    }
    case 'tool_started': {
      const { round, slot, tool, input } = event;
      return { event: 'tool_started', data: { round, slot, tool, input }, at: { round, slot } };
    }
    case 'job_parked': {
      const until = event.waitMs === null ? null : new Date(Date.now() + event.waitMs).toISOString();
      return { event: 'waiting', data: { until, reason: event.reason }, at: null };
    }
    default:
      return null;
  }
}

const stepEvent = (step: Step): StreamEvent => ({
  event: 'step',
  id: positionId(step),
  data: stepView(step),
  at: { round: step.round, slot: step.slot },
});

/** Events and steps come from two sources: a tool's start may be known before the reply that asked for it. */
function inOrder(events: StreamEvent[]): StreamEvent[] {
  return events.toSorted((a, b) => {
    if (a.at && b.at) return comparePositions(a.at, b.at);
    return Number(a.at === null) - Number(b.at === null);
  });
}

const positionId = (at: Position) => `${at.round}.${at.slot}`;

function parsePosition(header: string | string[] | undefined): Position | null {
  const match = /^(\d{1,6})\.(-1|\d{1,6})$/.exec(typeof header === 'string' ? header : '');
  return match ? { round: Number(match[1]), slot: Number(match[2]) } : null;
}
