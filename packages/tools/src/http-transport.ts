import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { eventsIn, leanFetch } from '@mcp-fleet/http';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js';

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
    const response = await leanFetch(target, init);
    const streams = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (!streams || response.body === null) return response;
    const chunks = response.body as unknown as AsyncIterable<Uint8Array>;
    const id = init?.method === 'POST' ? requestIdOf(init.body) : undefined;
    if (id === undefined) return streaming(response, chunks);
    return this.answer(id, response, chunks[Symbol.asyncIterator]());
  }

  /**
   * Most streams bring one event, the answer, which then passes as if it had come as JSON: the SDK's way of reading events costs
   * more than all the rest of a call. Any other stream goes that way, from its first chunk on.
   */
  private async answer(
    id: RequestId,
    response: Response,
    chunks: AsyncIterator<Uint8Array>,
  ): Promise<Response> {
    const first = chunks.next();
    const begun = await first.catch(() => undefined);
    const answer = begun?.value === undefined ? undefined : answerIn(begun.value, id);
    if (answer === undefined) return streaming(response, this.watched(id, resume(first, chunks)));
    void drain(chunks);
    const headers = new Headers(response.headers);
    headers.set('content-type', 'application/json');
    return new Response(answer, { status: response.status, headers });
  }

  /** Passes a stream of events on, and notes when it ends before its answer came. */
  private async *watched(id: RequestId, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let resumable = false;
    try {
      for await (const chunk of chunks) {
        resumable ||= /(^|\n)id:/.test(Buffer.from(chunk).toString('latin1'));
        yield chunk;
      }
    } finally {
      // The SDK has read what was passed on by then.
      setImmediate(() => {
        if (resumable && this.unanswered.has(id)) this.resuming.add(id);
        else this.lose(id);
      });
    }
  }
}

function streaming({ status, headers }: Response, chunks: AsyncIterable<Uint8Array>): Response {
  const body = Readable.toWeb(Readable.from(chunks, { objectMode: false })) as ReadableStream<Uint8Array>;
  return new Response(body, { status, headers });
}

async function* resume(
  first: Promise<IteratorResult<Uint8Array>>,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const { value, done } = await first;
  if (done) return;
  yield value;
  yield* { [Symbol.asyncIterator]: () => rest };
}

/** Reads what comes after an answer, so that the connection can be used again. */
async function drain(chunks: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    while (!(await chunks.next()).done);
  } catch {
    // The answer is there, and how its connection ends is no matter.
  }
}

/** The data of the chunk's event, when that is its only one and answers the request. */
function answerIn(chunk: Uint8Array, id: RequestId): string | undefined {
  const [event, ...more] = eventsIn(chunk);
  if (event === undefined || more.length > 0 || event.data === '') return undefined;
  const message = parseObject(event.data);
  const answers = message?.id === id && ('result' in message || 'error' in message);
  return answers ? event.data : undefined;
}

function requestIdOf(body: unknown): RequestId | undefined {
  const message = typeof body === 'string' ? parseObject(body) : undefined;
  return message && 'method' in message ? (message.id as RequestId | undefined) : undefined;
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function requestId(message: JSONRPCMessage): RequestId | undefined {
  return 'method' in message && 'id' in message ? message.id : undefined;
}
