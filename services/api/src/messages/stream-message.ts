import { setTimeout as sleep } from 'node:timers/promises';
import { type ContextStore, FleetError, isTerminal, type Job, toFleetError } from '@mcp-fleet/core';
import { errorKind } from '../errors.ts';
import type { MessageView } from '../schemas/messages.ts';
import { endedMessage } from './ended-message.ts';
import type { LiveText } from './live-text.ts';
import {
  blockDelta,
  blockEvents,
  blockStart,
  blockStop,
  endEvents,
  type MessageEvent,
  startEvent,
} from './message-events.ts';
import { messageId } from './message-view.ts';

/** How often the store is looked at for a job of which nothing is heard, growing from the first to the second. */
const firstLookMs = 25;
const lastLookMs = 2_000;

/** How long a stream may be silent before it says that it lives. */
const silentMs = 10_000;

export interface FollowedMessage {
  job: Job;
  /** Null for a job whose text is not shown before it has ended. */
  text: LiveText | null;
  /** The signal aborts at the next news of the job. */
  news(): AbortSignal;
  gone: AbortSignal;
  requestId: string;
}

/** The job's message as Anthropic's API streams it. A fault that comes after the beginning is an `error` event. */
export async function* streamMessage(
  store: Pick<ContextStore, 'job' | 'steps'>,
  followed: FollowedMessage,
): AsyncGenerator<string> {
  try {
    for await (const event of events(store, followed)) yield frame(event);
  } catch (thrown) {
    const fault = toFleetError(thrown);
    const error = { type: errorKind(fault.status), code: fault.code, message: fault.message };
    yield frame({ type: 'error', error, request_id: followed.requestId });
  }
}

const frame = (event: MessageEvent) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

async function* events(
  store: Pick<ContextStore, 'job' | 'steps'>,
  { job, text, news, gone }: FollowedMessage,
): AsyncGenerator<MessageEvent> {
  yield startEvent(messageId(job.id), job.agent.model);
  yield { type: 'ping' };
  let spokenAt = performance.now();
  for (let look = firstLookMs; !gone.aborted; look = Math.min(look * 1.5, lastLookMs)) {
    const woken = news();
    const begun = text !== null && text.sent !== '';
    const piece = text?.next() ?? '';
    if (piece !== '') {
      if (!begun) yield blockStart(0, { type: 'text', text: '' });
      yield blockDelta(0, { type: 'text_delta', text: piece });
      spokenAt = performance.now();
    }
    // While text comes there is nothing to look for.
    if (piece === '' || text?.ended) {
      const seen = await store.job(job.tenant, job.id);
      if (seen === null) throw new FleetError('job_not_found', `The job ${job.id} was deleted.`);
      if (isTerminal(seen.state)) return yield* rest(await endedMessage(store, seen), text?.sent ?? '');
    }
    if (performance.now() - spokenAt >= silentMs) {
      yield { type: 'ping' };
      spokenAt = performance.now();
    }
    await sleep(look, undefined, { signal: AbortSignal.any([woken, gone]) }).catch(() => undefined);
  }
}

/** What is left of the message when `sent` of its first text went out. */
function* rest(message: MessageView, sent: string): Generator<MessageEvent> {
  const [first, ...others] = message.content;
  if (sent !== '') {
    const text = first?.type === 'text' ? String(first.text) : '';
    if (!text.startsWith(sent)) {
      throw new FleetError(
        'model_unavailable',
        'The model began its reply anew. Ask again, or without a stream.',
      );
    }
    if (text.length > sent.length) {
      yield blockDelta(0, { type: 'text_delta', text: text.slice(sent.length) });
    }
    yield blockStop(0);
  }
  const whole = sent === '' ? message.content : others;
  const from = message.content.length - whole.length;
  for (const [index, block] of whole.entries()) yield* blockEvents(from + index, block);
  yield* endEvents(message);
}
