import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { EventSink } from './job-follower.ts';
import { encodeEvent, type StreamEvent } from './stream-event.ts';

/** How often a silent stream sends a comment, so that proxies and clients know that it lives. */
const heartbeatMs = 15_000;

/** What a client that was cut off waits before it comes back, in milliseconds; the second at the longest. */
export const reconnectMs = 1_000;
const longestReconnectMs = 3_000;

/** Bytes that a client may be behind before it is cut off; it can come back and go on where it was. */
const mostBehind = 1024 * 1024;

/** Milliseconds in which a stream that was ended has to be read, before what is left of it is thrown away. */
const lingerMs = 10_000;

/** One client's server-sent events. */
export class EventStream implements EventSink {
  readonly #response: ServerResponse;
  readonly #heartbeat: NodeJS.Timeout;

  /** Begins the answer. */
  constructor(response: ServerResponse, headers: Record<string, string>) {
    this.#response = response;
    // A client that resets its connection is gone; `close` follows.
    response.on('error', () => undefined);
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      ...headers,
    });
    response.write(`retry: ${reconnectMs}\n\n`);
    this.#heartbeat = setInterval(() => this.#write(': still here\n\n'), heartbeatMs);
    response.once('close', () => clearInterval(this.#heartbeat));
  }

  events(events: readonly StreamEvent[]): void {
    this.#write(events.map(encodeEvent).join(''));
  }

  /** Says when to come back, so that the clients of a process that stops do not all come at once, and ends. */
  sendAway(): void {
    const retryMs = reconnectMs + Math.round(Math.random() * (longestReconnectMs - reconnectMs));
    this.#write(`retry: ${retryMs}\n\n`);
    this.end();
  }

  end(): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    this.#response.end();
    const tooLate = setTimeout(() => this.#response.destroy(), lingerMs).unref();
    this.#response.once('close', () => clearTimeout(tooLate));
  }

  /** Resolves when the client has it all, or is gone. */
  async closed(): Promise<void> {
    if (!this.#response.destroyed && !this.#response.writableFinished) await once(this.#response, 'close');
  }

  #write(text: string): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    this.#response.write(text);
    if (this.#response.writableLength > mostBehind) this.end();
  }
}
