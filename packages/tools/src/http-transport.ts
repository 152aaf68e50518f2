import { setTimeout as wait } from 'node:timers/promises';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  type JSONRPCMessage,
  JSONRPCMessageSchema,
  type RequestId,
} from '@modelcontextprotocol/sdk/types.js';

/** Marks, by identity, the error answer that stands for an answer which will not come. */
export const answerLost = { reason: 'the connection broke before the answer came' };

const goodbyeMs = 1000;

/**
 * The SDK's Streamable HTTP transport, which on its own leaves a request pending until its timeout when the
 * stream of its answer ends early and cannot be resumed. This one then answers with `answerLost` at once.
 */
export class HttpTransport implements Transport {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: ((message: JSONRPCMessage) => void) | undefined;

  private readonly inner: StreamableHTTPClientTransport;
  private readonly unanswered = new Set<RequestId>();
  /** Requests whose stream ended early, and that the SDK tries to resume. */
  private readonly resuming = new Set<RequestId>();
  private closed = false;

  constructor(url: URL, headers: Readonly<Record<string, string>>) {
    this.inner = new StreamableHTTPClientTransport(url, {
      requestInit: { headers },
      fetch: (target, init) => this.fetch(target, init),
    });
  }

  get sessionId(): string | undefined {
    return this.inner.sessionId;
  }

  setProtocolVersion(version: string): void {
    this.inner.setProtocolVersion(version);
  }

  start(): Promise<void> {
    this.inner.onclose = () => this.onclose?.();
    this.inner.onerror = (error) => this.noteError(error);
    this.inner.onmessage = (message) => this.receive(message);
    return this.inner.start();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const id = requestId(message);
    if (id !== undefined) this.unanswered.add(id);
    try {
      await this.inner.send(message);
    } catch (error) {
      if (id !== undefined) this.unanswered.delete(id);
      throw error;
    }
  }

  /** Ends the session at the server, waiting a second at most, then every open request. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const timer = new AbortController();
    const goodbye = this.inner.terminateSession().catch(() => undefined);
    await Promise.race([
      goodbye,
      wait(goodbyeMs, undefined, { signal: timer.signal }).catch(() => undefined),
    ]);
    timer.abort();
    await this.inner.close();
  }

  private receive(message: JSONRPCMessage): void {
    if (!('method' in message) && message.id !== undefined) {
      this.unanswered.delete(message.id);
      this.resuming.delete(message.id);
    }
    this.onmessage?.(message);
  }

  /** When the SDK gives up reconnecting, what waited for it is lost; an idle connection is then of no use. */
  private noteError(error: Error): void {
    this.onerror?.(error);
    if (!error.message.includes('Maximum reconnection attempts')) return;
    for (const id of this.resuming) this.lose(id);
    if (this.unanswered.size === 0) void this.close();
  }

  private lose(id: RequestId): void {
    this.resuming.delete(id);
    if (this.closed || !this.unanswered.delete(id)) return;
    this.onmessage?.({
      jsonrpc: '2.0',
      id,
      error: { code: -32000, message: answerLost.reason, data: answerLost },
    });
  }

  private async fetch(target: string | URL, init?: RequestInit): Promise<Response> {
    const response = await fetch(target, init);
    const id = init?.method === 'POST' ? requestIdOf(init.body) : undefined;
    const streams = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (id === undefined || !streams || response.body === null) return response;
    const { status, statusText, headers } = response;
    return new Response(this.watched(response.body, id), { status, statusText, headers });
  }

  /** Passes a stream of events on, and notes when it ends before its answer came. */
  private watched(body: ReadableStream<Uint8Array>, id: RequestId): ReadableStream<Uint8Array> {
    const reader = body.getReader();
    let resumable = false;
    const ended = () => {
      // The SDK has read what was passed on by then.
      setImmediate(() => {
        if (resumable && this.unanswered.has(id)) this.resuming.add(id);
        else this.lose(id);
      });
    };
    return new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const { value, done } = await reader.read();
          if (value !== undefined) {
            resumable ||= /(^|\n)id:/.test(Buffer.from(value).toString('latin1'));
            controller.enqueue(value);
          }
          if (done) {
            controller.close();
            ended();
          }
        } catch (error) {
          controller.error(error);
          ended();
        }
      },
      cancel: (reason) => reader.cancel(reason),
    });
  }
}

function requestIdOf(body: unknown): RequestId | undefined {
  if (typeof body !== 'string') return undefined;
  return requestId(JSONRPCMessageSchema.parse(JSON.parse(body)));
}

function requestId(message: JSONRPCMessage): RequestId | undefined {
  return 'method' in message && 'id' in message ? message.id : undefined;
}
