import { createParser, type EventSourceMessage } from 'eventsource-parser';

export type ServerSentEvent = EventSourceMessage;

type Chunks = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** Tells `onEvent` each whole event of a response's body, in order, until they end. An event that is cut off by the end is left out. */
export async function readEvents(
  chunks: Chunks | null,
  onEvent: (event: ServerSentEvent) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  const parser = createParser({ onEvent });
  for await (const chunk of (chunks ?? []) as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(chunk, { stream: true }));
  }
}
