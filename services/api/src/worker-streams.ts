import type { EventListener } from '@mcp-fleet/core';
import { addressSecret, decodeLiveEvent, isLoopback, type Logger } from '@mcp-fleet/runtime';

/** How long a worker is left alone whose stream broke. */
const restMs = 1_000;

/** Characters of one event; a stream with a longer one is no worker's. */
const longestLine = 16 * 1024 * 1024;

interface WorkerStreamsSetup {
  /** The name that the workers know this api by. */
  api: string;
  token: string | undefined;
  emit: EventListener;
  logger: Pick<Logger, 'debug'>;
}

/**
 * Reads what workers stream of the jobs that are followed here: one connection for each worker. A stream that breaks
 * is opened again when its worker is next heard of; what it would have brought is missed, and steps come from the store.
 */
export class WorkerStreams {
  readonly #setup: WorkerStreamsSetup;
  readonly #open = new Map<string, AbortController>();

  constructor(setup: WorkerStreamsSetup) {
    this.#setup = setup;
  }

  /** A worker at this address runs jobs that are followed here. */
  heard(url: string): void {
    if (this.#open.has(url) || !this.#mayAsk(url)) return;
    const controller = new AbortController();
    this.#open.set(url, controller);
    void this.#read(url, controller.signal).catch((thrown) => {
      this.#setup.logger.debug({ err: thrown, worker: url }, 'the stream of a worker broke');
    });
  }

  /** Nobody follows anything any longer. */
  close(): void {
    for (const controller of this.#open.values()) controller.abort();
  }

  /** Without a token only workers on this machine are asked. */
  #mayAsk(url: string): boolean {
    return URL.canParse(url) && (this.#setup.token !== undefined || isLoopback(new URL(url).hostname));
  }

  async #read(url: string, signal: AbortSignal): Promise<void> {
    const { api, token, emit } = this.#setup;
    try {
      const headers: Record<string, string> =
        token === undefined ? {} : { authorization: `Bearer ${addressSecret(token, url)}` };
      const response = await fetch(`${url.replace(/\/+$/, '')}/internal/live?api=${api}`, {
        headers,
        signal,
        redirect: 'error',
      });
      if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`);
      for await (const line of linesOf(response.body)) {
        const event = line === '' ? null : decodeLiveEvent(line);
        if (event) emit(event);
      }
    } finally {
      setTimeout(() => this.#open.delete(url), restMs).unref();
    }
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    text = lines.pop() as string;
    yield* lines;
    if (text.length > longestLine) throw new Error('a line of the stream is too long');
  }
}
