import { createParser, type EventSourceMessage } from 'eventsource-parser';

type Chunks = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>;

/** Tells `onEvent` each whole event of a response's body, in order, until they end. An event that is cut off by the end is left out. */
export async function readEvents(
  chunks: Chunks | null,
  onEvent: (event: EventSourceMessage) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  const parser = createParser({ onEvent });
  for await (const chunk of (chunks ?? []) as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(chunk, { stream: true }));
  }
}

/** The whole events of one chunk. */
export function eventsIn(chunk: Uint8Array): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  createParser({ onEvent: (event) => events.push(event) }).feed(new TextDecoder().decode(chunk));
  return events;
}
