import { comparePositions, type FleetEvent, type Position, type Step } from '@mcp-fleet/core';
import { stepView } from './views.ts';

/** An event as a client gets it. */
export interface StreamEvent {
  event: string;
  data: unknown;
  /** Of a step alone: where a client goes on that comes back. */
  id?: string;
  /** The position that it belongs to; what belongs to none comes last. */
  at: Position | null;
}

/** What a client gets to see of an event of a running job; null for what is of no concern to it. */
export function liveEvent(event: FleetEvent): StreamEvent | null {
  switch (event.type) {
    case 'text_delta': {
      const { round, offset, text } = event;
      return { event: 'text_delta', data: { round, offset, text }, at: { round, slot: 0 } };
    }
    case 'model_started': {
      const { round, model } = event;
      return { event: 'model_started', data: { round, model }, at: { round, slot: 0 } };
    }
    case 'tool_started': {
      const { round, slot, tool, input } = event;
      return { event: 'tool_started', data: { round, slot, tool, input }, at: { round, slot } };
    }
    case 'tool_progress': {
      const { round, slot, tool, progress, total = null, message = null } = event;
      const data = { round, slot, tool, progress, total, message };
      return { event: 'tool_progress', data, at: { round, slot } };
    }
    case 'job_parked': {
      const until = event.waitMs === null ? null : new Date(Date.now() + event.waitMs).toISOString();
      return { event: 'waiting', data: { until, reason: event.reason }, at: null };
    }
    default:
      return null;
  }
}

export function stepEvent(step: Step, id: string): StreamEvent {
  return { event: 'step', id, data: stepView(step), at: { round: step.round, slot: step.slot } };
}

/** Events and steps come from two sources: a tool's start may be known before the reply that asked for it. */
export function inOrder(events: StreamEvent[]): StreamEvent[] {
  if (events.length < 2) return events;
  return events.toSorted((a, b) => {
    if (a.at && b.at) return comparePositions(a.at, b.at);
    return Number(a.at === null) - Number(b.at === null);
  });
}

/** The event as it is sent (WHATWG HTML, section 9.2). */
export function encodeEvent({ event, data, id }: StreamEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
