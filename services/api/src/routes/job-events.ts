import { setTimeout as sleep } from 'node:timers/promises';
import { comparePositions, type FleetEvent, isTerminal, type Position, type Step } from '@mcp-fleet/core';
import type { FastifyInstance } from 'fastify';
import { type ApiParts, localTenant } from '../parts.ts';
import { jobView, stepView } from '../views.ts';
import { found } from './jobs.ts';

/** How often the store is looked at for steps that were recorded by another process. */
const lookMs = 250;

interface StreamEvent {
  event: string;
  data: unknown;
  id?: string;
  /** The position that it belongs to; what belongs to none comes last. */
  at: Position | null;
}

/**
 * `GET /v1/jobs/{id}/events`: the job's steps as server-sent events, then the job as it ended. A step's id is
 * its position, so `last-event-id` goes on behind it. Text and tool starts come only while the job runs in
 * this process.
 */
export function jobEventRoutes(app: FastifyInstance, parts: ApiParts): void {
  app.get<{ Params: { id: string } }>('/v1/jobs/:id/events', async (request, reply) => {
    const job = found(await parts.store.job(localTenant, request.params.id), request.params.id);
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
    const after = parsePosition(request.headers['last-event-id']);
    for await (const event of follow(parts, job.id, after, gone.signal)) {
      const id = event.id === undefined ? '' : `id: ${event.id}\n`;
      raw.write(`${id}event: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`);
    }
    raw.end();
  });
}

async function* follow(
  { store, events }: ApiParts,
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
  const sent = new Set<string>();
  const isNew = (step: Step) => !(after && comparePositions(step, after) <= 0) && !sent.has(positionId(step));
  try {
    while (!gone.aborted) {
      wake = new AbortController();
      const job = found(await store.job(localTenant, jobId), jobId);
      const happened = live.splice(0);
      const steps = (await store.steps(jobId)).filter(isNew);
      for (const step of steps) sent.add(positionId(step));
      yield* inOrder([...happened, ...steps.map(stepEvent)]);
      if (isTerminal(job.state)) {
        yield { event: 'ended', data: jobView(job), at: null };
        return;
      }
      await sleep(lookMs, undefined, { signal: AbortSignal.any([wake.signal, gone]) }).catch(() => undefined);
    }
  } finally {
    stop();
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
      const until = new Date(Date.now() + event.waitMs).toISOString();
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
