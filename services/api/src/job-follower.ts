import { comparePositions, type FleetEvent, type Position, type Progress, type Step } from '@mcp-fleet/core';
import type { StreamCursor } from './stream-cursor.ts';
import { inOrder, liveEvent, type StreamEvent, stepEvent } from './stream-event.ts';
import { jobView } from './views.ts';

/** Who gets the events of a followed job; each call has at least one. */
export interface EventSink {
  events(events: readonly StreamEvent[]): void;
  /** The job has ended, or is no more: nothing comes any longer. */
  end(): void;
}

/** Live events that are kept until the store was read; more than that are text and progress that may be missed. */
const mostWaiting = 10_000;

/** One stream's view of one job: what it has had, and what comes next. */
export class JobFollower {
  readonly tenant: string;
  readonly jobId: string;
  readonly #cursor: StreamCursor;
  readonly #sink: EventSink;
  /** Live events that came before the read that is under way; it finds all that was recorded before them. */
  #due: StreamEvent[] = [];
  /** Those that came since. */
  #waiting: StreamEvent[] = [];
  /** Everything that was recorded before a live event of this position has been sent. */
  #readTo: Position | null = null;
  /** How much of a reply's text has come. */
  #text = { round: -1, length: 0 };

  constructor(job: { tenant: string; jobId: string }, cursor: StreamCursor, sink: EventSink) {
    this.tenant = job.tenant;
    this.jobId = job.jobId;
    this.#cursor = cursor;
    this.#sink = sink;
  }

  /** The round from which on steps are still to come. */
  get round(): number {
    return this.#cursor.round;
  }

  /** Takes an event; true when the store has to be read before there is anything to send. */
  hear(heard: FleetEvent): boolean {
    const event = this.#withoutKnownText(heard);
    if (event === null) return false;
    const shown = liveEvent(event);
    if (shown === null) return event.type === 'step_recorded' || event.type === 'job_ended';
    const { at } = shown;
    if (at !== null && this.#cursor.has(at)) return false;
    if (at !== null && this.#readTo !== null && comparePositions(at, this.#readTo) <= 0) {
      this.#sink.events([shown]);
      return false;
    }
    if (this.#waiting.length < mostWaiting) this.#waiting.push(shown);
    return true;
  }

  /** The text so far comes again whenever somebody begins to follow the job. */
  #withoutKnownText(event: FleetEvent): FleetEvent | null {
    if (event.type === 'model_started') this.#text = { round: event.round, length: 0 };
    if (event.type !== 'text_delta') return event;
    if (this.#text.round !== event.round) this.#text = { round: event.round, length: 0 };
    const known = Math.max(0, this.#text.length - event.offset);
    if (known >= event.text.length) return null;
    this.#text.length = event.offset + event.text.length;
    return { ...event, offset: event.offset + known, text: event.text.slice(known) };
  }

  /** To be called right before the store is read. */
  beginRead(): void {
    this.#due.push(...this.#waiting.splice(0));
  }

  /** Sends what a read has found; true when that was the end. */
  advance({ steps, ended }: Progress): boolean {
    const fresh = steps.filter((step) => !this.#cursor.has(step));
    const live = this.#takeLive(fresh);
    const recorded = fresh.map((step) => {
      this.#cursor.pass(step);
      return stepEvent(step, this.#cursor.id);
    });
    const events = inOrder([...live, ...recorded]);
    if (ended) events.push({ event: 'ended', data: jobView(ended), at: null });
    if (events.length > 0) this.#sink.events(events);
    if (ended) this.#sink.end();
    return ended !== null;
  }

  /** What was due, and of what came during the read that whose step was read already. */
  #takeLive(fresh: readonly Step[]): StreamEvent[] {
    const found = new Set(fresh.map(positionText));
    const overtaken = ({ at }: StreamEvent) => at !== null && found.has(positionText(at));
    const live = [...this.#due.splice(0), ...this.#waiting.filter(overtaken)];
    this.#waiting = this.#waiting.filter((event) => !overtaken(event));
    for (const { at } of live) {
      if (at && (this.#readTo === null || comparePositions(at, this.#readTo) > 0)) this.#readTo = at;
    }
    return live.filter(({ at }) => at === null || !this.#cursor.has(at));
  }

  /** The job is no more. */
  end(): void {
    this.#sink.end();
  }
}

const positionText = ({ round, slot }: Position) => `${round}.${slot}`;
